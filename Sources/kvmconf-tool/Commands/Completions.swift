import ArgumentParser

/// `kvmconf completions`: prints the completion script of a shell.
struct Completions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completions",
    abstract: "Print a script that lets a shell complete kvmconf's commands, files, device types and attributes.",
    discussion: """
      `make install` installs the script. To install it yourself:

        kvmconf completions bash > ~/.local/share/bash-completion/completions/kvmconf
        kvmconf completions zsh > ~/.zsh/_kvmconf
        kvmconf completions fish > ~/.config/fish/completions/kvmconf.fish

      For zsh, add the folder to $fpath before compinit runs.
      """)

  enum Shell: String, Word { case bash, zsh, fish }

  @Argument(help: "The shell: bash, zsh or fish.")
  var shell: Shell

  func run() {
    let script =
      switch shell {
      case .bash: KVMConfCommand.completionScript(for: .bash)
      case .zsh: KVMConfCommand.completionScript(for: .zsh)
      case .fish: KVMConfCommand.completionScript(for: .fish)
      }
    Output.result(script + "\n")
  }
}
