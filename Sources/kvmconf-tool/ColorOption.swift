import ArgumentParser

/// The option that decides whether text output is coloured.
struct ColorOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Colour the output: auto (on terminals, unless NO_COLOR is set), always or never.", valueName: "when"))
  var color: ColorChoice = .auto

  /// Applies the choice. ArgumentParser calls this after parsing, before anything is printed.
  func validate() { Output.choose(color) }
}

enum ColorChoice: String, Word { case auto, always, never }
