import DevicePlan
import Diagnostics
import Expressions
import Model
import TestSupport
import Testing
import Vocabulary

/// What the machine does not compute again is still right after changes of what it depends on.
@Suite struct ShortcutTests {
  private static let tagging = TestModel(
    thing: """
      groups:
        tags:
          number: 0
          payload: u32
          attributes:
            # Gives vCPU 3 a tag, or the vCPU with the tag value >> 8 the tag value & 0xff.
            third:
              number: 0
              set:
                - read: value
                - let: {v: 'vcpus[3]'}
                - assign: {v.tag: value}
            change:
              number: 1
              set:
                - read: value
                - let:
                    v: vcpus.first(v, v.tag == value >> 8)
                - if: v == null
                  ENOENT: no such tag
                - assign: {v.tag: value & 0xff}
            find:
              number: 2
              set:
                - read: value
                - let:
                    v: vcpus.first(v, value == v.tag)
                - if: v == null
                  ENOENT: no such tag
                - assign: {self.found: v.id}
            exists:
              number: 3
              set:
                - read: value
                - if: vcpus.exists(v, v.tag == value)
                  EEXIST: it exists
            found: {number: 4, get: [{write: self.found}]}
            hide:
              number: 5
              set:
                - read: value
                - let: {v: 'vcpus[value]'}
                - assign: {v.tag: host.tag}
      state: {self: {found: 0xff}}
      facts: {tag: {type: u32}, allowed: {type: bool}}
      """,
    vcpu: "state: {vcpu: {tag: arg.id + 100}}")

  private static let twelve = [createVM] + (0..<12).map { createVCPU($0) } + [createThing]

  private static func tag(_ steps: Step...) -> [String] {
    Array(tagging.outcomes(twelve + steps).dropFirst(twelve.count))
  }

  /// A list is searched by a field even after the field has changed, and after the list has grown.
  @Test func searchSeesChangesOfTheField() {
    #expect(
      Self.tag(
        set(103, attr: 2), get(attr: 4), set(7), set(103, attr: 2).expecting("ENOENT"), set(7, attr: 2), get(attr: 4),
        set(105 << 8 | 7, attr: 1), set(7, attr: 2), get(attr: 4), set(7 << 8 | 9, attr: 1), set(7, attr: 2),
        get(attr: 4),
        createVCPU(12), set(112, attr: 2), get(attr: 4))
        == [
          "ok", "ok 0x3", "ok", "ENOENT", "ok", "ok 0x3", "ok", "ok", "ok 0x3", "ok", "ok", "ok 0x5", "ok", "ok",
          "ok 0xc",
        ])
  }

  @Test func existsSeesChangesOfTheField() {
    #expect(
      Self.tag(
        set(103, attr: 3).expecting("EEXIST"), set(50), set(103, attr: 3), set(50, attr: 3).expecting("EEXIST"),
        set(51, attr: 3)) == ["EEXIST", "ok", "ok", "EEXIST", "ok"])
  }

  /// An element whose field is unknown may be the one; an earlier one that is equal certainly is.
  @Test func searchKnowsUnknownElements() {
    #expect(
      Self.tag(
        set(6, attr: 5), set(102, attr: 2), get(attr: 4), set(108, attr: 2), get(attr: 4), set(108, attr: 3),
        set(999, attr: 3))
        == ["ok", "ok", "ok 0x2", "ENOENT or ok", "ok", "EEXIST", "EEXIST or ok"])
  }

  /// A search for an unknown value may find any element, or none.
  @Test func searchForAnUnknownValue() {
    let model = TestModel(
      rules: """
        - let:
            row: rows.first(r, r.number == host.limit)
        - if: row == null && value == 1
          ENXIO: no row
        - if: rows.exists(r, r.number == host.limit) && value == 2
          EEXIST: a row
        """,
      more: """
        facts: {limit: {type: u32}}
        tables:
          rows:
            - {for: n in 0..9, number: n}
        """)
    #expect(model.onThing([set(0), set(1), set(2)]) == ["ok", "ENXIO or ok", "EEXIST or ok"])
  }

  /// Where the rest of a condition is unknown, only the elements that the search finds are uncertain.
  @Test func searchWithAnUnknownRest() {
    let model = TestModel(
      rules: """
        - let:
            row: rows.first(r, r.number == value && r.limit < host.limit)
        - if: row == null
          ENXIO: no row
        - if: rows.exists(r, r.number == value && (r.limit < host.limit || r.limit == 11))
          EEXIST: certainly one
        """,
      more: """
        facts: {limit: {type: u32}}
        tables:
          rows:
            - {for: n in 0..9, number: n, limit: n}
            - {for: n in 0..9, number: n, limit: n + 10}
        """)
    // The second row of number 1 decides `exists`; no row has number 10.
    #expect(
      model.onThing([set(0), set(1).expecting("EEXIST"), set(10).expecting("ENXIO")])
        == ["ENXIO, EEXIST or ok", "ENXIO or EEXIST", "ENXIO"])
  }

  /// The answer of a loop over a table depends on the state that its condition reads.
  @Test func loopOverATableSeesTheState() {
    let model = TestModel(
      rules: """
        - if: value > 0x100
          then:
            - assign: {self.limit: value - 0x100}
            - return: 0
        - let:
            row: rows.first(r, value >= r.start && value < r.start + r.length && r.start < limit())
        - if: row == null
          ENXIO: no row
        - if: row.locked
          EPERM: locked
        """,
      more: """
        state: {self: {limit: 8}}
        functions: {limit(): self.limit + 0}
        tables:
          rows:
            - {start: 0, length: 4, locked: false}
            - {start: 4, length: 4, locked: true}
            - {start: 8, length: 4, locked: false}
        """)
    #expect(
      model.onThing([
        set(5).expecting("EPERM"), set(9).expecting("ENXIO"), set(0x109), set(9), set(5).expecting("EPERM"), set(0x104),
        set(5).expecting("ENXIO"), set(9).expecting("ENXIO"), set(3),
      ]) == ["EPERM", "ENXIO", "ok", "ok", "EPERM", "ok", "ENXIO", "ENXIO", "ok"])
  }

  /// A name keeps the list or the map that it was given.
  @Test func namesKeepTheirValues() {
    let model = TestModel(
      rules: """
        - let: {list: self.list, map: self.map}
        - assign:
            self.list[+]: value
            self.map[value]: 1
        - if: size(list) != size(self.list) - 1 || size(map) != size(self.map) - 1
          EIO: they changed
        - for: x in self.list
          do:
            - assign:
                self.list[+]: x
        - if: size(self.list) != (size(list) + 1) * 2
          ERANGE: the loop sees what it adds
        """, more: "state: {self: {list: [], map: {}}}")
    #expect(model.onThing([set(1), set(2), set(3)]) == ["ok", "ok", "ok"])
  }

  /// Maps with composite keys, integers of more than 64 bits, and lists as values.
  @Test func largeAndCompositeValues() {
    let model = TestModel(
      rules: """
        - assign:
            self.map[[value, 1 << 100]]: value << 70
        - if: self.map[[value, 1 << 100]] >> 70 != value
          EIO: it is lost
        - if: '[value, 1] in self.map'
          ERANGE: it is another key
        - if: (value << 70) + 1 <= value << 70 || -(value << 70) > 0 || ~(1 << 90) >= 0
          EDOM: order
        - assign: {self.pairs: '[[value, 1], [value, 2]]'}
        - if: '!self.pairs.exists(p, p == [value, 2]) || !([value, 1] in self.pairs)'
          EPERM: none
        """, more: "state: {self: {map: {}, pairs: []}}")
    #expect(model.onThing([set(1), set(0xFFFF_FFFF)]) == ["ok", "ok"])
  }
}

/// What branches of a call make is joined.
@Suite struct JoinTests {
  /// Records, lists and maps that each branch makes are one afterwards, as far as they are the same.
  @Test func recordsOfAllBranchesAreOne() {
    let model = TestModel(
      thing: """
        facts: {a: {type: bool}, b: {type: bool}}
        state: {self: {entries: [], names: [], last: null, n: 0}}
        groups:
          a:
            number: 0
            payload: u32
            attributes:
              add:
                number: 0
                set:
                  - read: value
                  - assign:
                      self.entries[+]: {number: value, known: 1, tags: '[value]'}
                  - let: {entry: last(self.entries)}
                  - if: host.a
                    assign: {entry.known: 2, self.names: '[1, 2]'}
                    else:
                      - assign: {self.names: '[1, 2]'}
                  - if: host.b
                    assign: {self.last: entry, entry.tags: '[value, 1]'}
                    else:
                      - assign: {self.last: entry}
              count: {number: 1, get: [{write: size(self.entries)}]}
              number: {number: 2, get: [{write: self.last.number}]}
              known: {number: 3, get: [{write: self.last.known}]}
              tags: {number: 4, get: [{write: size(self.last.tags)}]}
              names: {number: 5, get: [{write: 'self.names[1]'}]}
              same:
                number: 6
                get:
                  - write: int(self.entries.exists(e, e == self.last))
        """)
    let look = (1...6).map { get(attr: UInt64($0)) }
    #expect(
      model.onThing([set(7)] + look + [set(8)] + look)
        == [
          "ok", "ok 0x1", "ok 0x7", "ok", "ok", "ok 0x2", "ok 0x1",
          "ok", "ok 0x2", "ok 0x8", "ok", "ok", "ok 0x2", "ok 0x1",
        ])
  }

  /// A vCPU and a device that may have been created in several ways exist once.
  @Test func createdObjectsOfAllBranchesAreOne() {
    let model = TestModel(
      thing: """
        calls:
          create:
            - if: host.a
              assign: {self.kind: 1}
        state: {self: {kind: 0, map: {}, inner: {x: 5}}}
        groups:
          a:
            number: 0
            payload: u32
            attributes:
              kind: {number: 0, get: [{write: self.kind}]}
              inner:
                number: 1
                get: [{write: self.inner.x + size(devices) + size(vcpus)}]
                set:
                  - read: value
                  - assign:
                      self.inner.x: value
                      self.map[value]: value
        """,
      vcpu: """
        facts: {a: {type: bool}}
        calls:
          create:
            - if: host.a
              assign: {vcpu.kind: 1}
        state: {vcpu: {kind: 0, own: arg.id}}
        groups:
          a:
            number: 0
            payload: u32
            attributes:
              own: {number: 0, get: [{write: vcpu.own}]}
              kind: {number: 1, get: [{write: vcpu.kind}]}
        """)
    #expect(
      model.outcomes([
        createVM, createVCPU(3), createThing, createVCPU(4), get(), get(attr: 1), set(9, attr: 1), get(attr: 1),
        get(on: .vcpu(0)), get(on: .vcpu(1)), get(on: .vcpu(1), attr: 1),
      ]) == [
        "ok", "ok", "ok", "ok", "ok", "ok 0x8", "ok", "ok 0xc", "ok 0x3", "ok 0x4", "ok",
      ])
  }
}
