/// Shrinks a manifest to a smaller one that still shows a difference.
package struct Shrinking {
  /// Smaller manifests to try next, the smallest first; empty if there is nothing left to try.
  package static func candidates(of manifest: StepManifest) -> [StepManifest] {
    var candidates: [StepManifest] = []
    let count = manifest.steps.count
    var size = count / 2
    while size >= 1 {
      for start in stride(from: 0, to: count, by: size) {
        var smaller = manifest
        smaller.steps.removeSubrange(start..<min(start + size, count))
        if !smaller.steps.isEmpty, !candidates.contains(smaller) { candidates.append(smaller) }
      }
      size /= 2
    }
    return candidates.enumerated().map { i, candidate in
      var named = candidate
      named.name = "shrunk-\(i + 1)"
      return named
    }
  }
}
