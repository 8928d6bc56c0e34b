import DevicePlan
import Diagnostics

/// Two files, or folders, of manifests held against each other.
package struct ManifestComparison {
  /// The manifests that both have.
  package var differences: [PlanDifference] = []
  /// The manifests that only one has.
  package var onlyOld: [Plan] = []
  package var onlyNew: [Plan] = []

  package var isSame: Bool { differences.allSatisfy(\.isEmpty) && onlyOld.isEmpty && onlyNew.isEmpty }

  /// Compares the manifests of two files: one with one, else by name, the rest in order.
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
  /// A file without a manifest, such as what git names in place of a file that is new.
  package static func nothing(_ path: String) -> LoadedFile { LoadedFile(file: SourceFile(path: path, bytes: [])) }
}

extension String {
  /// The name of a manifest without that of its file, from which a manifest without a name has it.
  fileprivate func withoutStem(of file: SourceFile) -> String {
    self == file.stem ? "#1" : hasPrefix(file.stem + "#") ? String(dropFirst(file.stem.count)) : self
  }
}
