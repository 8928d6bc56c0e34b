import DeviceSchema
import Diagnostics
import Vocabulary
import YAMLSyntax

// Devices and files.
extension PayloadEncoder.Surroundings {
  /// Whether the reason for a missing device or descriptor is known: a step has closed it, which is reported here, or an
  /// error in the step that would have made it.
  func refuseMissing(_ name: String, at range: SourceRange) -> Bool {
    if unknownDescriptors.contains(name) { return true }
    let closing = closings[name]
    let making = closing == nil ? namesInSteps.place(ofStepMaking: name, after: range) : nil
    guard closing != nil || making != nil else { return false }
    // Each is reported once.
    unknownDescriptors.insert(name)
    if let closing {
      let notes = [Note("it is closed here", at: closing)]
      findings.error("unknown-device", "a step above has closed '\(name)'", at: range, notes: notes)
    } else if let making {
      findings.error(
        "unknown-device", "a step below makes '\(name)', and only the steps after it can use it", at: range,
        notes: [Note("it is made here", at: making)])
    }
    return true
  }
}

extension PayloadEncoder {
  func descriptor(
    _ node: Node, _ type: DescriptorType, _ name: String, into encoded: inout Encoded, at offset: Int
  ) -> Bool {
    if let bare = node[key: "fd"], node.entries?.count == 1 {
      guard isStep else {
        findings.error(
          "bad-descriptor", "'fd' is allowed only in 'steps'; use the name of an entry in 'files'", at: node.range)
        return false
      }
      let type = IntegerType(size: 4, isSigned: true)
      guard let value = integer(bare, IntegerDescription(), range: type.range, words: type.name, name) else {
        return false
      }
      encoded.payload.put(value, mask: -1, at: offset, size: 4, bigEndian: isBigEndian)
      return true
    }
    guard let word = node.scalar, !node.isEmpty else {
      findings.wrongKind(node, of: "'\(name)'", wanted: "the name of an entry in 'files'")
      return false
    }
    guard let i = files.firstIndex(where: { $0.name == word }) else {
      if let file = files.first(where: { $0.path == word || $0.path.hasSuffix("/\(word)") }) {
        surroundings.meantFiles.insert(file.name)
        findings.error(
          "unknown-file", "there is no file '\(word)'; that is the path of '\(file.name)'", at: node.range,
          fixIts: [FixIt(replace: node.range, with: file.name)])
        return false
      }
      if isStep, IntegerLiteral.parse(word) != nil {
        findings.error(
          "unknown-file", "there is no file '\(word)'; did you mean '{fd: \(word)}'?", at: node.range,
          fixIts: [FixIt(replace: node.range, with: "{fd: \(word)}")])
        return false
      }
      if let slot = surroundings.descriptors[word] {
        encoded.payload.put(0, mask: -1, at: offset, size: 4, bigEndian: isBigEndian)
        encoded.slots.append(.device(slot, offset: offset))
        return true
      }
      if surroundings.hasUnreadFiles || surroundings.refuseMissing(word, at: node.range) { return false }
      let notes =
        files.isEmpty ? [Note("the manifest has no 'files'; add 'files: {\(word): PATH}' at its top level")] : []
      let meant = findings.unknown(
        "unknown-file", "there is no file", word, among: files.map(\.name), at: node.range, notes: notes)
      if let meant { surroundings.meantFiles.insert(meant.name) }
      return false
    }
    let path = files[i].path
    guard let pattern = type.pattern, FilePattern.matches(path, pattern), !path.split(separator: "/").contains("..")
    else {
      guard surroundings.refusedFiles.insert(word).inserted else { return false }
      let allowed = type.pattern.map { "only \($0) may be opened for it" } ?? "no file may be opened for it"
      findings.error(
        "file-not-allowed", "'\(name)' cannot take '\(path)': \(allowed)", at: files[i].at,
        notes: [Note("the file is used here", at: node.range)])
      return false
    }
    encoded.payload.put(0, mask: -1, at: offset, size: 4, bigEndian: isBigEndian)
    encoded.slots.append(.file(i, offset: offset))
    return true
  }
}
