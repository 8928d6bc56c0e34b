import TestSupport
import Testing

/// Completions of command lines in shells.
@Suite struct CompletionsTests {
  private static func has(_ program: String) -> Bool { runBlocking("sh", ["-c", "command -v \(program)"]).status == 0 }
  private static let hasBash = has("bash")

  /// The candidates of bash at the end of a line.
  ///
  /// The words are split as by readline, also at colons and equals signs; the script runs the program under test.
  private func offers(_ line: String, in folder: String = repository) async -> [String] {
    let ask = #"""
      line=$0 program=$1
      kvmconf() { "$program" "$@"; }
      source <(kvmconf completions bash)
      COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=()
      rest=$line
      while [[ $rest =~ ^\ *([^\ :=]+|[:=])(.*)$ ]]; do COMP_WORDS+=("${BASH_REMATCH[1]}"); rest=${BASH_REMATCH[2]}; done
      [[ $line == *' ' ]] && COMP_WORDS+=('')
      COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
      word=${COMP_WORDS[COMP_CWORD]}
      [[ $word == [:=] ]] && word=
      _kvmconf kvmconf "$word" "${COMP_WORDS[COMP_CWORD - 1]}"
      printf '%s\n' "${COMPREPLY[@]}"
      """#
    let ended = await run("bash", ["-c", ask, line, program], in: folder)
    #expect(ended.status == 0 && ended.errors == "", "\(ended.errors)")
    return ended.output.split(separator: "\n").map(String.init)
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func shellAcceptsItsScript(_ shell: String) async {
    let ended = await kvmconf("completions", shell)
    #expect(ended.status == 0 && ended.errors == "")
    for word in ["validate", "completions", "keep-going", "prometheus"] { #expect(ended.output.contains(word)) }
    if Self.has(shell) {
      let read = await run(shell, shell == "fish" ? ["--no-execute"] : ["-n"], input: ended.output)
      #expect(read.status == 0 && read.errors == "", "\(read.errors)")
    }
  }

  @Test(.enabled(if: hasBash, "bash is not installed")) func attributesAreCompleted() async {
    let found = await offers("kvmconf explain arm-vgic-v3.add")
    #expect(
      found == [
        "arm-vgic-v3.addr", "arm-vgic-v3.addr.dist", "arm-vgic-v3.addr.redist", "arm-vgic-v3.addr.redist-region",
      ])
    #expect(await offers("kvmconf explain arm-vgic-v3.addr.dis") == ["arm-vgic-v3.addr.dist"])
    #expect(await offers("kvmconf explain arm-vgic-v3.addr.dist").contains("arm-vgic-v3.addr.dist:EEXIST"))
    #expect(await offers("kvmconf explain arm64/vcpu.pmu-v3.ini") == ["arm64/vcpu.pmu-v3.init"])
    #expect(await offers("kvmconf explain no-such-thing") == [])
  }

  /// Bash treats a colon as a separate word.
  @Test(.enabled(if: hasBash, "bash is not installed")) func idsAreCompletedAfterAColon() async {
    #expect(await offers("kvmconf explain arm-vgic-v3.addr.dist:EIN") == ["EINVAL"])
    let all = await offers("kvmconf explain arm-vgic-v3.addr.dist:")
    #expect(all.contains("EINVAL") && all.contains("EEXIST") && !all.contains { $0.contains(":") })
  }

  @Test(.enabled(if: hasBash, "bash is not installed")) func typesAndConstantsAreCompleted() async {
    let types = await offers("kvmconf explain ")
    #expect(types.contains("arm-vgic-v3") && types.contains("vcpu") && !types.contains { $0.contains(".") })
    #expect(await offers("kvmconf explain --type arm-vgic-v").contains("arm-vgic-v2"))
    #expect(await offers("kvmconf explain KVM_VGIC_V3_ADDR_TYPE_DIS") == ["KVM_VGIC_V3_ADDR_TYPE_DIST"])
    #expect(await offers("kvmconf explain unknown-attr") == ["unknown-attribute"])
  }

  @Test(.enabled(if: hasBash, "bash is not installed")) func valuesOfOptionsAreCompleted() async {
    #expect(await offers("kvmconf validate --format s") == ["sarif"])
    #expect(await offers("kvmconf plan --format s") == ["strace"])
    #expect(await offers("kvmconf plan --kernel 6.12").contains("6.12"))
    #expect(await offers("kvmconf validate --kernel ").contains("7.2"))
    #expect(await offers("kvmconf schema export --arch ar") == ["arm64"])
    #expect(await offers("kvmconf completions z") == ["zsh"])
    #expect(await offers("kvmconf validate --fail") == ["--fail-on"])
    #expect(await offers("kvmconf rend") == ["render"])
  }

  /// Bash treats an equals sign as a separate word.
  @Test(.enabled(if: hasBash, "bash is not installed")) func valuesAreCompletedAfterAnEqualsSign() async {
    #expect(await offers("kvmconf validate --format=s") == ["sarif"])
    #expect(await offers("kvmconf validate --quiet --format=").contains("junit"))
    #expect(await offers("kvmconf validate --format=json --kernel=6.12").contains("6.12"))
    #expect(await offers("kvmconf validate --format=json --fail") == ["--fail-on"])
    #expect(await offers("kvmconf merge --format m") == ["markdown"])
  }

  @Test(.enabled(if: hasBash, "bash is not installed")) func commandsAreCompletedAfterHelp() async {
    #expect(await offers("kvmconf help va") == ["validate"])
    #expect(await offers("kvmconf help ").contains("merge"))
    #expect(await offers("kvmconf help schema ex") == ["export"])
    #expect(await offers("kvmconf he") == ["help"])
  }

  @Test(.enabled(if: hasBash, "bash is not installed")) func parametersOfTheManifestAreCompleted() async {
    await withFolder { folder in
      write("kvmconf: 1\nparameters: {cpus: {type: u32}, clock: {type: u64}}\n", toFile: folder + "/base.yaml")
      write("extends: base.yaml\nparameters: {more: {type: u8}}\n", toFile: folder + "/vm.yaml")
      #expect(await offers("kvmconf validate vm.yaml --set c", in: folder) == ["clock=", "cpus="])
      #expect(await offers("kvmconf validate vm.yaml --set=", in: folder) == ["clock=", "cpus=", "more="])
      #expect(await offers("kvmconf validate absent.yaml --set ", in: folder) == [])
    }
  }

  /// In zsh, a description follows a colon, unless there is a backslash.
  @Test func zshGetsColonsWithBackslashes() async {
    let arguments = ["SAP_SHELL=zsh", program, "---completion", "explain", "--", "positional@0", "2", "21"]
    let found = await run("env", arguments + ["kvmconf", "explain", "arm-vgic-v3.addr.dist"])
    #expect(found.output.contains("arm-vgic-v3.addr.dist\\:EEXIST\n"), "\(found.output)\(found.errors)")
  }

  @Test(.enabled(if: has("fish"), "fish is not installed")) func fishShowsNoHelpBehindValues() async {
    let ask = #"source (kvmconf completions fish | psub); complete -C "kvmconf $argv[1]""#
    let path = program.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    func offers(_ line: String) async -> [Substring] {
      let script = "set PATH \(path) $PATH\n" + ask
      return await run("fish", ["-c", script, line]).output.split(separator: "\n")
    }
    #expect(await offers("merge --format m") == ["markdown"])
    #expect(await offers("help va") == ["validate"])
  }

  @Test(.enabled(if: hasBash, "bash is not installed")) func filesAreCompletedByTheirExtension() async {
    await withFolder { folder in
      for name in ["vm.yaml", "vm.kvmplan", "vm.txt"] { write("", toFile: "\(folder)/\(name)") }
      #expect(await offers("kvmconf apply v", in: folder).sorted() == ["vm.kvmplan", "vm.yaml"])
      #expect(await offers("kvmconf fmt v", in: folder) == ["vm.yaml"])
      #expect(await offers("kvmconf validate --host-facts vm.y", in: folder) == ["vm.yaml"])
      #expect(await offers("kvmconf compile -o vm.t", in: folder) == ["vm.txt"])
    }
  }

  @Test func unknownShellIsReported() async {
    let ended = await kvmconf("completions", "tcsh")
    #expect(ended.status == 64 && ended.output == "" && ended.errors.contains("tcsh"))
  }

  /// `make install` installs completions and man pages, and `make uninstall` removes everything that it installed.
  @Test func installedFilesAreUninstalled() async {
    await withFolder { folder in
      let made = await run("make", ["-s", "install-kvmconf", "PREFIX=/usr", "DESTDIR=\(folder)", "KVMCONF=\(program)"])
      #expect(made.status == 0, "\(made.errors)")
      let installed = Set(TestSupport.files(below: folder).map { String($0.dropFirst(folder.count)) })
      for file in [
        "/usr/bin/kvmconf", "/usr/share/man/man1/kvmconf.1", "/usr/share/bash-completion/completions/kvmconf",
        "/usr/share/zsh/site-functions/_kvmconf", "/usr/share/fish/vendor_completions.d/kvmconf.fish",
      ] { #expect(installed.contains(file), "\(file)") }
      let bash = await kvmconf("completions", "bash").output
      #expect(text(ofFile: folder + "/usr/share/bash-completion/completions/kvmconf") == bash)
      #expect(await run("make", ["-s", "uninstall", "PREFIX=/usr", "DESTDIR=\(folder)"]).status == 0)
      for file in installed { #expect(text(ofFile: folder + file) == nil, "\(file) is left") }
    }
  }
}
