/// A file of schemas/, as it was when the program was built.
///
/// The build writes `BuiltInSchema.all`: see Plugins/EmbedSchemas.
package struct BuiltInSchema: Sendable {
  /// The path below schemas/, such as `arm64/vm.yaml`.
  package let path: StaticString
  package let text: StaticString
}
