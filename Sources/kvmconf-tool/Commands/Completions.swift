import ArgumentParser

/// `kvmconf completions`: prints the completion script of a shell.
struct Completions: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completions",
    abstract: "Print a script that lets a shell complete kvmconf's commands, files, device types and attributes.",
    usage: "kvmconf completions bash|zsh|fish",
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
      case .bash: bashScript(KVMConfCommand.completionScript(for: .bash))
      case .zsh: zshScript(KVMConfCommand.completionScript(for: .zsh))
      case .fish: fishScript(KVMConfCommand.completionScript(for: .fish))
      }
    Output.result(script + "\n")
  }
}

// ArgumentParser's scripts, with what they lack: the value after `--option=`, the commands after `help`, and values
// without the help of their option.
extension Completions {
  private var commands: String {
    KVMConfCommand.configuration.subcommands.compactMap { $0.configuration.commandName }.joined(separator: " ")
  }

  private func bashScript(_ script: String) -> String {
    script.replacing("\n_kvmconf() {\n", with: "\n__kvmconf_complete_words() {\n") + #"""

      # Bash splits words at '=', and 'help' is followed by a command.
      _kvmconf() {
          local -a words=()
          local -i cword="${COMP_CWORD}" i
          local line="${COMP_LINE}"
          for ((i = 0; i < ${#COMP_WORDS[@]}; i++)); do
              if [[ "${COMP_WORDS[i]}" != = || "${COMP_WORDS[i - 1]}" != --* ]]; then
                  words+=("${COMP_WORDS[i]}")
              elif ((i == COMP_CWORD)); then
                  words+=('')
              elif ((i < COMP_CWORD)); then
                  cword=$((cword - 1))
              fi
              [[ "${COMP_WORDS[i]}" == --* ]] && line="${line/"${COMP_WORDS[i]}="/"${COMP_WORDS[i]} "}"
          done
          local -i point="${COMP_POINT}"
          if [[ "${words[1]}" == help ]] && ((cword > 1)); then
              words=("${words[0]}" "${words[@]:2}")
              line="${line/ help/}"
              cword=$((cword - 1))
              point=$((point - 5))
          fi
          local COMP_LINE="${line}"
          local -i COMP_POINT="${point}" COMP_CWORD="${cword}"
          local -a COMP_WORDS=("${words[@]}")
          __kvmconf_complete_words "${1}" "${2}" "${words[cword - 1]}"
          # The value of a parameter follows its name.
          [[ "${COMPREPLY[0]}" == *= ]] && compopt -o nospace 2>/dev/null
          return 0
      }
      """#
  }

  private func zshScript(_ script: String) -> String {
    script.replacing("'*:subcommands:'", with: "'1:subcommand:(\(commands))'")
  }

  private func fishScript(_ script: String) -> String {
    let lines = script.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      // A value with an empty description does not show that of its option.
      line.replacing(#/ -rfka '([^()' ][^()']*)'$/#) { match in
        " -rfka '" + match.1.split(separator: " ").joined(separator: #"\t "#) + #"\t'"#
      }
    }
    return lines.joined(separator: "\n")
      + "\ncomplete -c 'kvmconf' -n '__kvmconf_should_offer_completions_for_positional \"kvmconf help\" -eq 1' -fa '\(commands)'"
  }
}
