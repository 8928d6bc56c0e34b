import Planning
import TextOutput
import Vocabulary

extension PlanGraph {
  /// The graph for Graphviz.
  ///
  /// - Parameter name: the name of the manifest.
  package func dot(named name: String) -> String {
    var lines = [
      "digraph \(quoted(name)) {",
      "  rankdir=LR; newrank=true; fontname=\"sans-serif\";",
      "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#f2f7ee\", fontname=\"sans-serif\", fontsize=11];",
      "  edge [fontname=\"sans-serif\", fontsize=9];",
    ]
    let members = Dictionary(grouping: nodes.indices) { nodes[$0].object }
    // The objects are in the order of their first nodes.
    let objects = members.sorted { $0.value[0] < $1.value[0] }
    for (i, (object, numbers)) in objects.enumerated() {
      lines.append("  subgraph cluster_\(i) {")
      lines.append("    label=\(quoted(object.name)); style=rounded; color=\"#999999\";")
      for number in numbers {
        let node = nodes[number]
        let label = node.label + (node.count > 1 ? "\n\(node.count) calls" : "")
        lines.append("    n\(number) [label=\(quoted(label))];")
      }
      lines.append("  }")
    }
    lines += edges.map { edge in
      let attributes = edge.attributes.isEmpty ? "" : " [\(edge.attributes.joined(separator: ", "))]"
      return "  n\(edge.from) -> n\(edge.to)\(attributes);"
    }
    return lines.joined(separator: "\n") + "\n}\n"
  }
}

extension PlanGraph.Edge {
  fileprivate var attributes: [String] {
    var attributes: [String] = []
    switch reason {
    case .object: attributes = moves ? [] : ["color=\"#999999\""]
    case .schema: break
    case .written: attributes = ["style=dotted"]
    case .refused: attributes = ["style=dashed", "label=\"if not ok\""]
    case .ok: attributes = ["style=dashed", "label=\"if ok\""]
    }
    if moves { attributes += ["color=\"#c62828\"", "penwidth=2", "label=moved"] }
    return attributes
  }
}

/// A string of the DOT language.
private func quoted(_ text: String) -> String {
  let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
    String(line).printable.escaped { scalar in scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : nil }
  }
  return "\"" + lines.joined(separator: "\\n") + "\""
}
