import Diagnostics
import Expressions
import Vocabulary
import YAMLSyntax

/// Compares the numbers and layouts in schemas with the kernel's uapi headers, by means of a C compiler.
///
/// The compiler evaluates every constant that the headers define. The values are read from the object file, so that
/// headers of any architecture work on any host.
package struct HeaderCheck {
  /// A folder with `linux/kvm.h`, and with `asm/kvm.h` or one `TRIPLET/asm/kvm.h` for each architecture.
  package var headers: String
  package var compiler: String

  package init(headers: String, compiler: String = "cc") {
    self.headers = headers
    self.compiler = compiler
  }

  package static let id: DiagnosticID = "schema-constant"

  /// Returns errors for differences, and warnings for names that the headers do not have, file by file and from top to
  /// bottom.
  package func check(_ catalogue: Catalogue) -> [Diagnostic] {
    let architecture = catalogue.architecture
    guard let folders = folders(for: architecture) else {
      return [
        .warning(Self.id, "'\(headers)' has no linux/kvm.h with an asm/kvm.h of \(architecture.rawValue)", at: nil)
      ]
    }
    guard let directory = TemporaryDirectory() else {
      return [.error(Self.id, "cannot make a temporary folder for the C compiler", at: nil)]
    }
    var claims = Claims()
    for file in catalogue.files { claims.collect(file, in: catalogue) }
    let compile = Compilation(compiler: compiler, folders: folders)
    switch compile.preprocess(in: directory) {
    case .failure(let diagnostic): return [diagnostic]
    case .success(let text):
      let known = HeaderNames(text)
      // For a missing struct, only the size is reported.
      let missing = claims.all.filter {
        !known.has($0) && ($0.structure?.field == nil || known.declares($0.structure?.tag))
      }
      var result = missing.map(Diagnostic.unknownConstant)
      let rest = claims.all.filter(known.has)
      let expressions = rest.map { claim in
        guard let shift = claim.shift, known.defines(shift) else { return claim.expression }
        // Some headers write the mask of a field as it is after the shift.
        return
          "\(claim.expression) == \(claim.expected)ull ? \(claim.expected)ull : \(claim.expression) + 0ull << \(shift)"
      }
      switch compile.values(of: expressions, in: directory) {
      case .failure(let diagnostic): result.append(diagnostic)
      case .success(let values):
        result += zip(rest, values).compactMap { $0.expected == $1 ? nil : .wrongConstant($0, is: $1) }
      }
      return result.inDocumentOrder()
    }
  }

  /// The include folders; nil if the headers are missing or belong to another architecture.
  private func folders(for architecture: Architecture) -> [String]? {
    guard FileText.read("\(headers)/linux/kvm.h") != nil else { return nil }
    for triplet in architecture.triplets {
      let own = "\(headers)/\(triplet)"
      if FileText.read("\(own)/asm/kvm.h") != nil { return [headers, own] }
    }
    guard let text = FileText.read("\(headers)/asm/kvm.h") else { return nil }
    return HeaderNames(text).defines(architecture.headerGuard) ? [headers] : nil
  }
}

extension Diagnostic {
  fileprivate static func unknownConstant(_ claim: Claim) -> Diagnostic {
    .warning(HeaderCheck.id, "the headers have no \(claim.what)", at: claim.place)
  }

  fileprivate static func wrongConstant(_ claim: Claim, is value: UInt64) -> Diagnostic {
    let (found, expected) =
      claim.isRequest
      ? (hexadecimal(value), hexadecimal(claim.expected)) : ("\(value)", "\(claim.expected)")
    return .error(HeaderCheck.id, "\(claim.what) is \(found) in the headers, not \(expected)", at: claim.place)
  }
}

// MARK: What schemas claim

/// A value that the headers should have.
struct Claim {
  /// In words.
  var what: String
  /// In C.
  var expression: String
  /// The names that the headers must know for the expression to compile: a constant, or a struct and a field of it.
  var constant: String?
  var structure: (tag: String, field: String?)?
  /// The constant with the position of a field whose mask is claimed: `KVM_XICS_PRIORITY_SHIFT`.
  var shift: String?
  var expected: UInt64
  /// Whether the value is the number of a call, which has the size of its struct in it.
  var isRequest = false
  /// The location of the constant in the schema.
  var place: SourceRange
}

/// All claims of schemas about the headers.
private struct Claims {
  private(set) var all: [Claim] = []
  /// The places of the structs that were collected; several attributes and calls can have one payload.
  private var structures: Set<SourceRange> = []

  mutating func collect(_ file: SchemaFile, in catalogue: Catalogue) {
    for key in file.text.topKeys {
      if let node = file.text.top(key.value) { collect(Entry(key: key, value: node)) }
    }
    for group in file.groups { for (_, type) in group.payloads { collect(type, catalogue) } }
    for attribute in file.groups.flatMap(\.attributes) {
      for (_, type) in attribute.payloads { collect(type, catalogue) }
    }
    for call in file.requests {
      all.append(
        Claim(
          what: call.constant, expression: call.constant, constant: call.constant, expected: UInt64(call.request),
          isRequest: true, place: call.source))
      collect(call.type, catalogue)
    }
  }

  /// Collects the constants among the keys: `KVM_DEV_TYPE_VFIO: 4`, and those of masks.
  ///
  /// - Parameter isField: whether the entry is a bit field, whose constant is a mask: `KVM_XIVE_EQ_SERVER_MASK: 31..3`.
  private mutating func collect(_ entry: Entry, isField: Bool = false) {
    if entry.key.value.isConstant { claim(entry.key, entry.value, isMask: false) }
    let holdsFields = ["fields", "key", "arg"].contains(entry.key.value)
    for part in entry.value.entries ?? [] {
      if isField, part.key.value.isConstant {
        claim(part.key, part.value, isMask: true)
      } else {
        collect(part, isField: holdsFields)
      }
    }
  }

  private mutating func claim(_ constant: Located, _ value: Node, isMask: Bool) {
    let number: Int128? =
      isMask
      ? value.scalar?.integerRange.map { ((1 << ($0.first - $0.last + 1)) - 1) << $0.last }
      : value.scalar.flatMap(IntegerLiteral.parse)
    guard let expected = number.flatMap({ UInt64(exactly: $0) }), constant.value.isIdentifier else { return }
    let shift = isMask && constant.value.hasSuffix("_MASK") ? constant.value.dropLast(4) + "SHIFT" : nil
    all.append(
      Claim(
        what: constant.value, expression: constant.value, constant: constant.value, shift: shift.map(String.init),
        expected: expected, place: constant.range))
  }

  /// Collects the structs in a payload.
  private mutating func collect(_ type: PayloadType, _ catalogue: Catalogue) {
    switch type {
    case .structure(let structure):
      if structure.name.isIdentifier, let place = catalogue.structure(structure.name)?.key.range,
        structures.insert(place).inserted
      {
        add(structure, place)
      }
      for field in structure.fields { collect(field.type, catalogue) }
    case .union(let union): for one in union.cases { collect(one.type, catalogue) }
    case .array(let part, _), .pointer(let part): collect(part, catalogue)
    case .none, .integer, .bits, .bytes, .bitmap, .descriptor: break
    }
  }

  private mutating func add(_ structure: StructureType, _ place: SourceRange) {
    guard let layout = structure.layout else { return }
    let tag = structure.name
    all.append(
      Claim(
        what: "size of struct \(tag)", expression: "sizeof(struct \(tag))", structure: (tag, nil),
        expected: UInt64(layout.size), place: place))
    for (field, offset) in zip(structure.fields, layout.offsets) where !field.isReserved {
      let name = field.name.identifier
      all.append(
        Claim(
          what: "offset of '\(name)' in struct \(tag)", expression: "__builtin_offsetof(struct \(tag), \(name))",
          structure: (tag, name), expected: UInt64(offset), place: place))
    }
  }
}

extension String {
  /// Whether this is a C identifier. Nothing else may get into the compiled program.
  fileprivate var isIdentifier: Bool {
    guard let first = utf8.first, !first.isDigit else { return false }
    return utf8.allSatisfy(\.isWord)
  }
}

// MARK: What headers know

/// The names in preprocessed headers.
private struct HeaderNames {
  private let words: [Substring]
  private let names: Set<Substring>

  init(_ text: [UInt8]) {
    words = String(decoding: text, as: UTF8.self).split(whereSeparator: { character in
      !(character.isASCII && character.utf8.first?.isWord == true) && character != "{" && character != "}"
        && character != "#"
    }).flatMap(Self.separated)
    names = Set(words)
  }

  /// Splits off braces and number signs as separate words.
  private static func separated(_ word: Substring) -> [Substring] {
    var result: [Substring] = []
    var rest = word
    while let i = rest.firstIndex(where: { $0 == "{" || $0 == "}" || $0 == "#" }) {
      if i != rest.startIndex { result.append(rest[..<i]) }
      result.append(rest[i...i])
      rest = rest[rest.index(after: i)...]
    }
    if !rest.isEmpty { result.append(rest) }
    return result
  }

  func defines(_ macro: String) -> Bool { names.contains(Substring(macro)) }

  func has(_ claim: Claim) -> Bool {
    if let constant = claim.constant { return defines(constant) }
    guard let (tag, field) = claim.structure, let members = members(of: tag) else { return false }
    return field.map { members.contains(Substring($0)) } ?? true
  }

  /// Whether there is a struct with this tag.
  func declares(_ tag: String?) -> Bool { tag.flatMap(members) != nil }

  /// The words between the braces of a struct; nil if it is not declared.
  private func members(of tag: String) -> Set<Substring>? {
    for i in words.indices.dropLast(2) where words[i] == "struct" && words[i + 1] == tag && words[i + 2] == "{" {
      var depth = 0
      let body = words[(i + 2)...].prefix { word in
        depth += word == "{" ? 1 : word == "}" ? -1 : 0
        return depth > 0
      }
      return Set(body)
    }
    return nil
  }
}

// MARK: The compiler

/// Runs of the C compiler with the headers.
private struct Compilation {
  enum Result<Value> {
    case success(Value)
    case failure(Diagnostic)
  }

  let compiler: String
  let folders: [String]

  private static let includes = "#include <linux/kvm.h>\n#include <asm/kvm.h>\n"
  /// The mark before the values in the object file.
  private static let mark: [UInt64] = [0x6b76_6d63_6f6e_6601, 0x9d3b_f0c4_71a2_5e08]

  /// The headers with all macros, as one text.
  func preprocess(in directory: borrowing TemporaryDirectory) -> Result<[UInt8]> {
    guard directory.write(Self.includes, to: "input.c") else { return .failure(cannotWrite) }
    return run(["-E", "-dD"], in: directory)
  }

  /// The values of constant expressions.
  func values(of expressions: [String], in directory: borrowing TemporaryDirectory) -> Result<[UInt64]> {
    var text = Self.includes + "const unsigned long long kvmconf_values[] = {\n"
    for mark in Self.mark { text += "\(mark)ull,\n" }
    for expression in expressions { text += "(unsigned long long)(\(expression)),\n" }
    text += "};\n"
    guard directory.write(text, to: "input.c") else { return .failure(cannotWrite) }
    if case .failure(let diagnostic) = run(["-c", "-o", directory.path(of: "output.o")], in: directory) {
      return .failure(diagnostic)
    }
    guard let object = directory.read("output.o"), let values = Self.values(in: object, count: expressions.count) else {
      return .failure(.error(HeaderCheck.id, "'\(compiler)' did not write an object file that can be read", at: nil))
    }
    return .success(values)
  }

  private func run(_ mode: [String], in directory: borrowing TemporaryDirectory) -> Result<[UInt8]> {
    let paths = folders.flatMap { ["-isystem", $0] }
    let words = [compiler] + mode + ["-nostdinc", "-w", "-x", "c"] + paths + [directory.path(of: "input.c")]
    guard let result = ChildProcess.run(words, in: directory) else {
      return .failure(.error(HeaderCheck.id, "the C compiler '\(compiler)' cannot be run", at: nil))
    }
    if result.status == 0 { return .success(result.output) }
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    let why = lines.first { $0.contains("error") } ?? lines.first ?? "it printed nothing"
    return .failure(.error(HeaderCheck.id, "'\(compiler)' cannot compile the headers: \(why)", at: nil))
  }

  private var cannotWrite: Diagnostic {
    .error(HeaderCheck.id, "cannot write a file for the C compiler", at: nil)
  }

  /// The integers after the mark, in the host's byte order.
  private static func values(in object: [UInt8], count: Int) -> [UInt64]? {
    func word(at offset: Int) -> UInt64 {
      let bytes = object[offset..<offset + 8]
      #if _endian(little)
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
      #else
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
      #endif
    }
    let size = 8 * (mark.count + count)
    guard object.count >= size else { return nil }
    // The array is aligned, and so is its section in the file.
    for start in stride(from: 0, through: object.count - size, by: 4)
    where word(at: start) == mark[0] && word(at: start + 8) == mark[1] {
      return (0..<count).map { word(at: start + 8 * (mark.count + $0)) }
    }
    return nil
  }
}
