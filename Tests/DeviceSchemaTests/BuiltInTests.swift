import DeviceSchema
import Glibc
import Reporting
import Testing
import Vocabulary

/// The schemas that are compiled into the program.
@Suite struct BuiltInTests {
  @Test(arguments: Architecture.allCases) func theyCheckClean(_ architecture: Architecture) {
    let found = Catalogue(architecture: architecture, release: Release("7.2")!, sources: SchemaSource.builtIn).check()
    var text = ""
    TextRenderer(limit: 1000).render(found, into: &text)
    #expect(text == "")
  }

  @Test func theListAndTheFolderAgree() throws {
    let folder = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/schemas"
    var found: [String] = []
    for architecture in names(in: folder) {
      found += names(in: "\(folder)/\(architecture)").filter { $0.hasSuffix(".yaml") }.map { "\(architecture)/\($0)" }
    }
    #expect(!found.isEmpty)
    #expect(SchemaSource.builtIn.map(\.path) == found.sorted())
    for source in SchemaSource.builtIn {
      #expect(source.file.bytes == contents(of: "\(folder)/\(source.path)"), "\(source.path)")
    }
  }

  private func names(in folder: String) -> [String] {
    // SAFETY: readdir's entry is read before the next call; d_name is a C string within it.
    guard let directory = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private func contents(of path: String) -> [UInt8] {
    // SAFETY: the file is open while it is read, and fread writes within the buffer.
    guard let file = unsafe fopen(path, "r") else { return [] }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = unsafe fread(&buffer, 1, buffer.count, file)
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }
}
