import DevicePlan
import Diagnostics

/// The comparison of the manifests of two files. If folders are compared, one of the two files may be missing.
package struct ManifestComparison {
  /// The differences of the manifests that are on both sides, including empty ones.
  package var differences: [PlanDifference] = []
  /// The plans of the manifests that are on one side only.
  package var onlyOld: [Plan] = []
  package var onlyNew: [Plan] = []

  package var isSame: Bool { differences.allSatisfy(\.isEmpty) && onlyOld.isEmpty && onlyNew.isEmpty }

  /// Compares the manifests of two files.
  ///
  /// If each file has one manifest, the two are compared. Otherwise manifests are paired by name, and manifests without
  /// a name by their position in the file.
  package init(_ old: LoadedFile, _ new: LoadedFile) {
    var (left, right) = (old.manifests.map(\.plan), new.manifests.map(\.plan))
    if left.count == 1, right.count == 1 {
      differences = [PlanDifference(left[0], right[0])]
      return
    }
    let keys = { (plan: Plan, file: SourceFile) in plan.name.withoutStem(of: file) }
    for plan in left {
      let key = keys(plan, old.file)
      guard let i = right.firstIndex(where: { keys($0, new.file) == key }) else { continue }
      differences.append(PlanDifference(plan, right.remove(at: i)))
      if let j = left.firstIndex(of: plan) { left.remove(at: j) }
    }
    (onlyOld, onlyNew) = (left, right)
  }

  package init(onlyOld: [Plan] = [], onlyNew: [Plan] = []) {
    self.onlyOld = onlyOld
    self.onlyNew = onlyNew
  }
}

extension LoadedFile {
  /// A file without manifests, such as the `/dev/null` that git passes for the old side of a new file.
  package static func nothing(_ path: String) -> LoadedFile { LoadedFile(file: SourceFile(path: path, bytes: [])) }
}

extension String {
  /// The name of a manifest. A default name, which is made from the file's name, becomes `#` and the position in the
  /// file.
  fileprivate func withoutStem(of file: SourceFile) -> String {
    self == file.stem ? "#1" : hasPrefix(file.stem + "#") ? String(dropFirst(file.stem.count)) : self
  }
}
