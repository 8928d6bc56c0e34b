import TextOutput

/// A picture in SVG, which grows downwards, and to the right if a text needs it.
struct SVG {
  private var elements: [String] = []
  private var width: Int
  private let style: String

  /// - Parameter width: the smallest one.
  init(width: Int, style: String) {
    self.width = width
    self.style = style
  }

  /// - Parameter height: that of the whole picture.
  func text(height: Double) -> String {
    let height = number(height)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)">
      <style>\(style)</style>
      <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
      <rect width="3" height="6" fill="#c62828"/></pattern></defs>
      <rect width="100%" height="100%" fill="#fff"/>
      \(elements.joined(separator: "\n"))
      </svg>

      """
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ kind: String, title: String = ""
  ) {
    let shape =
      "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" height=\"\(number(height))\" class=\"\(kind)\""
    elements.append(title.isEmpty ? shape + "/>" : shape + "><title>\(title.printable.xml)</title></rect>")
  }

  mutating func line(_ points: [(x: Double, y: Double)], _ kind: String) {
    let points = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    elements.append("<polyline points=\"\(points)\" class=\"\(kind)\"/>")
  }

  /// - Parameter parts: the parts of the text, each with its class, with gaps between them.
  mutating func write(_ x: Double, _ y: Double, _ kind: String, _ parts: [(text: String, kind: String)]) {
    let spans = parts.enumerated().map { i, part in
      let (text, gap) = (part.text.printable.xml, i == 0 ? "" : " dx=\"8\"")
      return "<tspan\(part.kind.isEmpty ? "" : " class=\"\(part.kind)\"")\(gap)>\(text)</tspan>"
    }
    makeRoom(from: x, parts.map(\.text).joined(separator: " "))
    elements.append(
      "<text x=\"\(number(x))\" y=\"\(number(y))\" class=\"\(kind)\">\(spans.joined())</text>")
  }

  /// - Parameter size: the height of the letters.
  mutating func write(_ x: Double, _ y: Double, _ kind: String, _ text: String, size: Double = 12) {
    if !kind.hasPrefix("at") { makeRoom(from: x, text, size: size) }
    elements.append("<text x=\"\(number(x))\" y=\"\(number(y))\" class=\"\(kind)\">\(text.printable.xml)</text>")
  }
}

extension SVG {
  /// Widens the picture for a text. What fonts a viewer has is not known: columns are as wide as in a wide bold one.
  private mutating func makeRoom(from x: Double, _ text: String, size: Double = 12) {
    let end = x + Double(text.printable.displayWidth) * size * 0.7 + 20
    width = max(width, Int(end))
  }
}

/// A number with at most one decimal.
private func number(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
}
