import Diagnostics

extension Catalogue {
  /// Every rule that refuses a call in this release, in the order of the files.
  package var refusals: [Rule] {
    var found: [SourceRange: Rule] = [:]
    let absent = placesOfAbsentAttributes
    for list in allRules {
      list.visitRules { rule in
        guard rule.errno != nil, rule.lifetime.includes(release), !absent.contains(rule.source) else { return }
        found[rule.source] = rule
      }
    }
    return found.values.sorted { a, b in
      (a.source.file.path, a.source.start.line, a.source.start.column)
        < (b.source.file.path, b.source.start.line, b.source.start.column)
    }
  }

  /// Where the rules of those attributes stand that another release has, or another architecture.
  private var placesOfAbsentAttributes: Set<SourceRange> {
    var places: Set<SourceRange> = []
    for file in files {
      let fileIsAbsent = !file.lifetime.includes(release)
      for group in file.groups {
        let groupIsAbsent =
          fileIsAbsent || !group.lifetime.includes(release) || !KeyCondition.holds(group.when, [], 0)
        for attribute in group.attributes {
          let isAbsent =
            groupIsAbsent || !attribute.lifetime.includes(release) || !KeyCondition.holds(attribute.when, [], 0)
          guard isAbsent else { continue }
          for access in AttributeAccess.allCases {
            for rules in [attribute.call(access).rules, groupIsAbsent ? group.call(access).rules : nil] {
              rules?.list.visitRules { places.insert($0.source) }
            }
          }
        }
      }
    }
    return places
  }
}
