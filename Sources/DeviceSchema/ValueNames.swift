/// The names of an integer's values, in the order of the schema.
///
/// A table can name thousands of values, and most manifests use none of these names: they are read when they are first
/// needed.
package struct ValueNames: RandomAccessCollection {
  package typealias Element = (name: String, value: Int128)

  /// Nil if there are no names.
  private var storage: Storage?

  private final class Storage {
    let read: () -> [Element]
    let absence: (String) -> String?
    private(set) lazy var all = read()
    private lazy var values = Dictionary(all, uniquingKeysWith: { first, _ in first })
    /// The number of searches without the dictionary, which costs as much as a hundred of them.
    private var searchesLeft = 16

    init(_ read: @escaping () -> [Element], _ absence: @escaping (String) -> String?) {
      (self.read, self.absence) = (read, absence)
    }

    func value(of name: String) -> Int128? {
      if searchesLeft == 0 { return values[name] }
      searchesLeft -= 1
      return all.first { $0.name == name }?.value
    }
  }

  /// No names.
  init() {}

  /// - Parameter absence: why the release lacks a name; nil for a name that no release has.
  init(_ names: [Element], absence: @escaping (String) -> String?) {
    storage = names.isEmpty ? nil : Storage({ names }, absence)
  }

  /// Names that are read later. There is at least one.
  init(reading names: @escaping () -> [Element], absence: @escaping (String) -> String?) {
    storage = Storage(names, absence)
  }

  private var all: [Element] { storage?.all ?? [] }

  package var startIndex: Int { 0 }
  package var endIndex: Int { all.count }
  package var isEmpty: Bool { storage == nil }
  package subscript(i: Int) -> Element { all[i] }

  /// The value with a name; of two with this name, the first.
  package func value(of name: String) -> Int128? { storage?.value(of: name) }

  /// `'init2' is new in Linux 6.11; you validate for Linux 6.1`; nil if no release has a value with this name.
  package func absence(of name: String) -> String? { storage?.absence(name) }

  /// The first name of a value.
  package func name(of value: Int128) -> String? { storage?.all.first { $0.value == value }?.name }
}
