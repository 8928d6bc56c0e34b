extension String {
  /// The text in a style of terminals.
  ///
  /// - Parameter rendition: the numbers of ECMA-48's Select Graphic Rendition, such as `1;31` for bold and red.
  package func styled(_ rendition: String) -> String { "\u{1B}[\(rendition)m\(self)\u{1B}[0m" }
}
