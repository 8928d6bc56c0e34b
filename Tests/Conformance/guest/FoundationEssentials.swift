// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation
// The part of FoundationEssentials that swift-argument-parser uses, for the cross build: Debian's runtime has no
// Foundation that another compiler can import. Only the hidden option --experimental-dump-help needs a JSONEncoder, and
// fails.

public protocol LocalizedError: Error {
  var errorDescription: String? { get }
  var failureReason: String? { get }
  var recoverySuggestion: String? { get }
  var helpAnchor: String? { get }
}

extension LocalizedError {
  public var errorDescription: String? { nil }
  public var failureReason: String? { nil }
  public var recoverySuggestion: String? { nil }
  public var helpAnchor: String? { nil }
}

public struct Data: Sendable {
  public var bytes: [UInt8] = []
}

extension String {
  public enum Encoding: Sendable { case utf8 }

  public init?(data: Data, encoding: Encoding) { self = String(decoding: data.bytes, as: UTF8.self) }
}

public struct CannotEncode: Error {}

open class JSONEncoder {
  public struct OutputFormatting: OptionSet, Sendable {
    public var rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    public static let prettyPrinted = OutputFormatting(rawValue: 1)
    public static let sortedKeys = OutputFormatting(rawValue: 2)
  }

  public var outputFormatting: OutputFormatting = []
  public init() {}
  open func encode<Value: Encodable>(_ value: Value) throws -> Data { throw CannotEncode() }
}
