import DevicePlan
import DeviceSchema
import Diagnostics
import Expressions
import Maps
import Model
import TextOutput
import Vocabulary

extension ManifestWorkspace {
  /// Adds to errors which default they depend on: that of a parameter in the value or, for interrupts, that of another
  /// attribute with the same number, or that of the attribute which decides what numbers there are.
  func nameDefaults(
    in problems: inout [Diagnostic], of manifest: PlannedManifest, _ plan: Plan, _ host: inout ModelHost
  ) throws(DiagnosticsError) {
    // Each search reads the whole text.
    for i in problems.indices.prefix(100) where problems[i].notes.allSatisfy({ !$0.message.hasPrefix("did you mean") })
    {
      if let note = problems[i].range?.sameDigitsInHexadecimal { problems[i].notes.insert(note, at: 0) }
    }
    guard problems.contains(where: { $0.severity == .error }) else { return }
    let map = MachineMap(try host.occupied(), of: plan, without: manifest.incomplete)
    let catalogue = catalogue(for: plan.architecture)
    let files = [catalogue.vm, catalogue.vcpu] + plan.schemaFiles(in: catalogue)
    for i in problems.indices where problems[i].severity == .error {
      guard let place = problems[i].range else { continue }
      problems[i].notes =
        manifest.plan.parameters.defaults(in: place.text) + map.defaults(against: place, files.compactMap(\.self))
        + problems[i].notes
    }
  }
}

extension SourceRange {
  /// That a decimal number is also in the text with `0x` before it, which is probably meant; nil if it is not.
  fileprivate var sameDigitsInHexadecimal: Note? {
    guard start.line == end.line, end.column - start.column < 24 else { return nil }
    let digits = text
    guard digits.utf8.count > 2, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    let words = file.bytes.lazy.split { !$0.isWord }
    return words.contains(where: { $0.elementsEqual("0x\(digits)".utf8) }) ? Note("did you mean 0x\(digits)?") : nil
  }
}

extension [PlanParameter] {
  /// The default values of the parameters that a text with `${EXPRESSION}` reads.
  fileprivate func defaults(in text: String) -> [Note] {
    let expressions = Interpolation(text).pieces.compactMap { piece in
      if case .expression(let text, _) = piece { text } else { nil }
    }
    let names = Set(expressions.flatMap { (try? Parser.parse($0))?.names ?? [] })
    return compactMap { parameter in
      guard let initial = parameter.initial, names.contains(parameter.name.identifier) else { return nil }
      return Note("the default value of '\(parameter.name)' is \(inProse(initial))", at: parameter.at)
    }
  }
}

extension MachineMap {
  fileprivate func defaults(against place: SourceRange, _ files: [SchemaFile]) -> [Note] {
    spaces.filter { $0.kind == .interrupts }.flatMap { $0.defaults(against: place, files) }
  }
}

extension MapSpace {
  fileprivate func defaults(against place: SourceRange, _ files: [SchemaFile]) -> [Note] {
    let others = overlaps.flatMap { [($0.first, $0.second), ($0.second, $0.first)] }
    let same = others.compactMap { own, other -> Note? in
      guard entries[own].at == place, entries[other].at == nil else { return nil }
      let words = "'\(entries[other].label)' has \(name) \(entries[other].range.lowerBound) by default"
      return Note(words, at: files.place(ofAttribute: entries[other].label))
    }
    guard missing.contains(where: { entries[$0].at == place }) else { return same }
    return same
      + existing.filter { $0.at == nil && !$0.label.isEmpty }.map { known in
        let numbers = "\(name) \(known.range.lowerBound) to \(known.range.upperBound - 1)"
        return Note("by default '\(known.label)' allows \(numbers)", at: files.place(ofAttribute: known.label))
      }
  }
}

extension [SchemaFile] {
  /// Where the attribute with this path, with or without the name of a device before it, is described.
  fileprivate func place(ofAttribute label: String) -> SourceRange? {
    let paths = [label, String(label.drop { $0 != "." }.dropFirst())]
    for path in paths {
      for file in self {
        if let found = file.attribute(at: path) { return found.attribute.source }
      }
    }
    return nil
  }
}
