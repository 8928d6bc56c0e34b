import Foundation
import PackagePlugin

/// Embeds the files of schemas/ in the program, as a Swift file that the build writes again when one of them changes.
///
/// The package is planned again, and this is run, when a file is added to the folder of a target or removed from it. This
/// is why the target has a link to schemas/.
@main struct EmbedSchemas: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let folder = target.directoryURL.appending(path: "schemas")
    let schemas = try FileManager.default.subpathsOfDirectory(atPath: folder.resolvingSymlinksInPath().path)
      .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
    let script = context.package.directoryURL.appending(path: "Scripts/embed-schemas.sh")
    let output = context.pluginWorkDirectoryURL.appending(path: "BuiltInSchemas.swift")
    return [
      .buildCommand(
        displayName: "Embedding schemas", executable: URL(filePath: "/bin/sh"),
        arguments: [script.path, output.path, folder.path] + schemas,
        inputFiles: [script] + schemas.map { folder.appending(path: $0) }, outputFiles: [output])
    ]
  }
}
