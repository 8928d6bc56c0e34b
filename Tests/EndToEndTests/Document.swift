import TestSupport
import Testing

/// A document with commands for its readers, in the form that CONTRIBUTING.md describes.
struct Document: CustomTestStringConvertible, Sendable {
  /// An action of a reader.
  enum Action: Sendable {
    /// Writes a file that the document shows.
    case write(String, toFile: String)
    /// Runs commands in a comment, which readers do not see.
    case prepare(String)
    case run(Command)
  }

  /// A command line and the output that the document shows.
  struct Command: Sendable {
    var text: String
    /// Nil if the block shows no output, or its output is not compared.
    var output: [String]?
    /// The line in the document.
    var line: Int

    /// Whether it makes calls on `/dev/kvm`.
    var needsKVM: Bool {
      text.contains(#/\bkvmconf (apply|probe|conform)\b/#)
        && !["--on model", "--compare", "--kernel-report"].contains { text.contains($0) }
    }
  }

  var path: String
  var actions: [Action] = []
  /// The reasons for commands that are not run.
  var exceptions: [String] = []
  var testDescription: String { path }

  var commands: [Command] {
    actions.compactMap { action in if case .run(let command) = action { command } else { nil } }
  }

  init(_ path: String) {
    self.path = path
    var lines = Lines(text(ofFile: "\(repository)/\(path)") ?? "")
    // The last comment, which applies to the next block.
    var remark = ""
    while let line = lines.next() {
      if line == "<!-- setup" {
        actions.append(.prepare(lines.upTo("-->").joined(separator: "\n")))
      } else if line.hasPrefix("<!-- "), line.hasSuffix(" -->") {
        remark = String(line.dropFirst(5).dropLast(4))
      } else if line.hasPrefix("```") {
        let first = lines.number + 1
        read(lines.upTo("```"), in: line.dropFirst(3), from: first, remark)
        remark = ""
      }
    }
  }

  private struct Lines {
    private var rest: ArraySlice<Substring>
    /// The number of the last line read, counted from 1.
    private(set) var number = 0

    init(_ text: String) { rest = text.split(separator: "\n", omittingEmptySubsequences: false)[...] }

    mutating func next() -> Substring? {
      number += 1
      return rest.popFirst()
    }

    mutating func upTo(_ end: String) -> [Substring] {
      var lines: [Substring] = []
      while let line = next(), line != end { lines.append(line) }
      return lines
    }
  }

  private mutating func read(_ lines: [Substring], in language: Substring, from first: Int, _ remark: String) {
    if remark.hasPrefix("file: ") {
      actions.append(.write(lines.joined(separator: "\n") + "\n", toFile: String(remark.dropFirst(6))))
    } else if remark.hasPrefix("not run: ") {
      exceptions.append(remark)
    } else if language == "console" {
      actions += Self.console(lines, from: first, isCompared: !remark.hasPrefix("not compared: ")).map(Action.run)
    } else if language == "sh" {
      for (i, line) in lines.enumerated() {
        let command = line.split(separator: #/(^| +)# /#, omittingEmptySubsequences: false)[0]
        if command.contains(#/\bkvmconf /#) {
          actions.append(.run(Command(text: String(command), output: nil, line: first + i)))
        }
      }
    }
  }

  private static func console(_ lines: [Substring], from first: Int, isCompared: Bool) -> [Command] {
    var commands: [Command] = []
    for (i, line) in lines.enumerated() {
      if let prompt = line.prefixMatch(of: #/[a-z]*\$ /#) {
        commands.append(Command(text: String(line[prompt.range.upperBound...]), output: [], line: first + i))
      } else if commands.isEmpty {
        // The output of a command that is in the text before the block.
        continue
      } else if line.hasPrefix("> "), commands[commands.count - 1].output == [] {
        commands[commands.count - 1].text += "\n" + line.dropFirst(2)
      } else {
        commands[commands.count - 1].output?.append(String(line))
      }
    }
    if !isCompared || commands.allSatisfy({ $0.output == [] }) {
      for i in commands.indices { commands[i].output = nil }
    }
    return commands
  }
}

/// Compares outputs, which can differ from machine to machine and from day to day.
enum Printed {
  /// Whether lines match those that a document shows; `...` matches any lines.
  static func matches(_ lines: [String], _ shown: [String]) -> Bool {
    matches(lines.map(normalized)[...], shown.map { $0 == "..." ? $0 : normalized($0) }[...])
  }

  private static func matches(_ lines: ArraySlice<String>, _ shown: ArraySlice<String>) -> Bool {
    guard let first = shown.first else { return lines.isEmpty }
    if first == "..." {
      return (lines.startIndex...lines.endIndex).contains { matches(lines[$0...], shown.dropFirst()) }
    }
    return lines.first == first && matches(lines.dropFirst(), shown.dropFirst())
  }

  /// A line without parts that depend on the machine (durations, the kernel's release) or on the schemas (the line of a
  /// rule, the number of schemas). The width of a column depends on its contents, so several blanks count as one.
  private static func normalized(_ line: String) -> String {
    line.replacing(#/\d+(\.\d+)? µs/#, with: "TIME")
      .replacing(#/\b\d+\.\d+\.\d+[-.\w]*/#, with: "RELEASE")
      .replacing(#/^\d+ schemas:/#, with: "SCHEMAS:")
      .replacing(#/(\b[a-z0-9_]+/[-a-z0-9]+\.yaml):\d+(:\d+)?/#) { match in
        names(inFolder: repository + "/schemas/" + match.1.prefix { $0 != "/" }).isEmpty ? match.0 : match.1
      }
      .split(separator: " ").joined(separator: " ")
  }
}
