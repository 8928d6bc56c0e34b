import DeviceSchema
import Synchronization
import Vocabulary

/// The releases that schemas mention, in rules or elsewhere. The plan of a manifest is the same for all releases between
/// two neighbours of them.
package struct MentionedReleases: Sendable {
  private var releases: [Release] = []
  private var series: [Release] = []

  /// A place between mentioned releases, or on one of them.
  package struct Place: Hashable {
    fileprivate var inReleases: Int
    fileprivate var inSeries: Int
    /// Whether the patch level is known.
    fileprivate var hasPatch: Bool
  }

  package init(_ sources: [SchemaSource]) {
    var texts: Set<String> = []
    for source in sources { texts.formUnion(Self.numbers(in: source.file.bytes)) }
    releases = Set(texts.compactMap { Release($0) }).sorted()
    series = Set(releases.map(\.series)).sorted()
  }

  package func place(of release: Release) -> Place {
    Place(
      inReleases: Self.index(of: release, in: releases), inSeries: Self.index(of: release.series, in: series),
      hasPatch: release.patch != nil)
  }

  /// Twice the number of smaller releases; one more for a release that is in the list.
  private static func index(of release: Release, in list: [Release]) -> Int {
    let smaller = list.prefix { $0 < release }.count
    return 2 * smaller + (smaller < list.count && list[smaller] == release ? 1 : 0)
  }

  /// The numbers with points in a text: `6.13`, `6.12.100`.
  private static func numbers(in bytes: [UInt8]) -> Set<String> {
    var found: Set<String> = []
    var start = bytes.startIndex
    while let first = bytes[start...].firstIndex(where: \.isDigit) {
      let point = UInt8(ascii: ".")
      var end = bytes[first...].firstIndex { !$0.isDigit && $0 != point } ?? bytes.endIndex
      start = end
      // The end of a sentence or of `6.12..7.2` is not part of the number.
      for part in bytes[first..<end].split(separator: [point, point]) where part.contains(point) {
        end = part.endIndex
        while end > part.startIndex, bytes[end - 1] == point { end -= 1 }
        found.insert(String(decoding: bytes[part.startIndex..<end], as: UTF8.self))
      }
    }
    return found
  }
}

/// The releases that the schemas of each configuration mention, found once for all threads.
package final class SharedReleases: Sendable {
  private let known = Mutex<[String?: MentionedReleases]>([:])

  package init() {}

  /// The number of configurations whose schemas have been searched.
  package var count: Int { known.withLock(\.count) }

  func releases(of settings: Settings) -> MentionedReleases {
    known.withLock { known in
      let configuration = settings.configuration?.file.path
      if let found = known[configuration] { return found }
      let releases = MentionedReleases(settings.schemas)
      known[configuration] = releases
      return releases
    }
  }
}
