import BuiltInSchemas
import Diagnostics

/// A schema file that has not been read: where it belongs, and its text.
package struct SchemaSource: Sendable {
  /// `arm64/vm.yaml`: the folder is the architecture or `common`, the file's name the device type or scope.
  package var path: String
  package var file: SourceFile
  /// Whether the file is in plain block style for certain, so that its parts can be parsed one by one.
  var isPlain = false

  package init(path: String, file: SourceFile) {
    self.path = path
    self.file = file
  }

  func text(_ faults: Findings) -> SchemaText { SchemaText(file: file, isPlain: isPlain, faults: faults) }
}

extension SchemaSource {
  /// The schemas that are compiled into the program.
  package static let builtIn: [SchemaSource] = (0..<built_in_schemas_count()).map { i in
    // SAFETY: the C side returns pointers to constants that live as long as the program, with their sizes.
    let path = unsafe String(cString: built_in_schemas_path(i))
    let bytes = unsafe Array(UnsafeBufferPointer(start: built_in_schemas_text(i), count: built_in_schemas_size(i)))
    var source = SchemaSource(path: path, file: SourceFile(path: path, bytes: bytes, isBuiltIn: true))
    source.isPlain = true
    return source
  }
}
