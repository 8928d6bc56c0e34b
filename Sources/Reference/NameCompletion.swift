import DeviceSchema
import Diagnostics
import Vocabulary

/// Completions for a shell.
extension Explainer {
  /// The names that begin with a text, one level at a time, like folders: device types, then the groups of the selected
  /// one, then its attributes, and after a colon the ids of its refusals.
  package func completions(of text: String) -> [String] {
    if text.hasPrefix("KVM_") { return constantNames.filter { $0.hasPrefix(text) } }
    let (architecture, rest) = split(text)
    let head = text.dropLast(rest.count)
    if rest.contains(":") { return ids(in: architecture).filter { $0.hasPrefix(rest) }.map { head + $0 } }
    let found = names(in: architecture).filter { $0.hasPrefix(rest) }
    let depth = rest.count { $0 == "." }
    var offered = found.filter { $0.count { $0 == "." } <= depth }
    // A single match on its level is offered with the names in it.
    if offered.count <= 1 { offered = found.filter { $0.count { $0 == "." } <= depth + 1 } }
    if offered == [rest] { offered += ids(in: architecture).filter { $0.hasPrefix(rest + ":") } }
    let others = diagnostics.entries.map(\.id.description).filter { head.isEmpty && $0.hasPrefix(text) }
    return (offered + (text.isEmpty ? [] : others)).map { head + $0 }
  }

  /// The releases in which something in the schemas was added or removed, and the release that they describe, oldest
  /// first.
  package var releases: [Release] {
    var all: Set<Release> = Set(catalogues.map(\.release))
    func add(_ lifetime: Lifetime) {
      all.formUnion([lifetime.since, lifetime.until].compactMap { $0?.mainline.release })
    }
    for file in catalogues.flatMap(\.files) {
      add(file.lifetime)
      for group in file.groups {
        add(group.lifetime)
        for attribute in group.attributes { add(attribute.lifetime) }
      }
      for feature in file.features { add(feature.lifetime) }
      for capability in file.capabilities { add(capability.lifetime) }
    }
    return all.sorted()
  }

  /// The names that have a page, without `ARCH/`. Files that only hold shared parts are left out.
  private func names(in architecture: Architecture?) -> [String] {
    var seen: Set<String> = []
    return subjects(in: architecture).filter { !$0.file.isCommon }.map(\.name).filter { seen.insert($0).inserted }
  }

  private var constantNames: [String] {
    var seen: Set<String> = []
    let calls = catalogues.flatMap { $0.requests.map(\.call.constant) } + DescriptorCall.ioctls
    return (constants().map(\.constant) + calls).filter { seen.insert($0).inserted }
  }

  private func ids(in architecture: Architecture?) -> [String] {
    Set(refusalIDs(in: architecture)).sorted()
  }
}
