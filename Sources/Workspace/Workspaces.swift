import Diagnostics

/// One workspace for each configuration, so that the schemas are read once for many files. Must be used from one thread
/// only.
package final class Workspaces {
  /// The workspaces that were made last, the newest at the end.
  private var recent: [ManifestWorkspace] = []
  /// Files are read folder by folder, and a folder has few configurations around it.
  private static let most = 8

  package init() {}

  /// The workspace for files with these settings.
  ///
  /// - Parameter settings: from one `SettingsOfFiles`: settings with the same configuration are the same.
  package func workspace(for settings: Settings) -> ManifestWorkspace {
    let configuration = settings.configuration?.file.path
    if let found = recent.first(where: { $0.settings.configuration?.file.path == configuration }) { return found }
    let workspace = ManifestWorkspace(settings)
    if recent.count == Self.most { recent.removeFirst() }
    recent.append(workspace)
    return workspace
  }
}
