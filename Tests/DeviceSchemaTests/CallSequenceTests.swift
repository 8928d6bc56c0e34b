import DeviceSchema
import TestSupport
import Testing

@Suite struct CallSequenceTests {
  /// The numbered list of "How a call is answered" has the stages, in their order.
  @Test func theDocumentationHasTheStages() throws {
    let page = try #require(text(ofFile: repository + "/docs/schema-language.md"))
    let section = try #require(page.firstRange(of: "\n## How a call is answered\n"))
    let lines = page[section.upperBound...].split(separator: "\n").prefix { !$0.hasPrefix("## ") }
    let items = lines.filter { $0.first?.isNumber == true }
    #expect(items.count == CallSequence.Stage.inOrder.count)
    for (number, (item, stage)) in zip(items, CallSequence.Stage.inOrder).enumerated() {
      #expect(item.hasPrefix("\(number + 1). \(stage.rawValue)"), "\(item)")
    }
  }
}
