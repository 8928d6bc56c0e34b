import ArgumentParser

/// Whether text for people is coloured.
struct ColorOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Colour the output: auto (on terminals, unless NO_COLOR is set), always or never.", valueName: "when"))
  var color: ColorChoice = .auto

  /// Called as soon as the command line has been read, before anything is printed.
  func validate() { Output.choose(color) }
}

enum ColorChoice: String, Word { case auto, always, never }
