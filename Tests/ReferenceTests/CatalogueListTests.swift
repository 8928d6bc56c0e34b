import Diagnostics
import Reference
import Testing

@Suite struct CatalogueListTests {
  @Test func jsonListsEveryAttribute() {
    let text = CatalogueList(catalogues()).json().text()
    let objects = text.split(separator: "},{").map(String.init)
    #expect(objects.count == 5)
    #expect(
      objects[0].dropFirst(2) == """
        "arch":"arm64","scope":"device","type":"gadget","typeNumber":42,"group":"addr","groupNumber":1,\
        "attribute":"base","number":2,"access":["set","has"],"constants":{"type":"KVM_DEV_TYPE_GADGET",\
        "group":"KVM_GADGET_ADDR","attribute":"KVM_GADGET_ADDR_BASE"},"payload":"u64",\
        "doc":"base address of the gadget. It is read-only afterwards","since":"5.0","until":null
        """)
    #expect(objects[2].contains(#""attribute":null,"key":{"cpu":[15,8],"row":[7,0]},"access""#))
    #expect(objects[3].contains(#""arch":"arm64","scope":"device","type":"bridge""#))
    #expect(objects[4].contains(#""arch":"x86_64","scope":"device","type":"bridge""#))
    #expect(objects[4].contains(#""number":"any","access":["set","get","has"]"#))
    #expect(objects[4].contains(#""since":null,"until":"7.0""#))
  }

  @Test func textListsEveryAttribute() {
    let lines = CatalogueList(catalogues()).text().split(separator: "\n")
    #expect(lines.count == 6)
    #expect(lines[0].hasPrefix("ARCH    SCOPE   TYPE    GROUP      ATTRIBUTE  NUMBER   CALLS        PAYLOAD"))
    #expect(lines[1].hasSuffix("base address of the gadget"))
  }
}
