/// The three calls on an attribute.
package enum AttributeAccess: String, Hashable, Sendable, CaseIterable {
  case set, get, has
}
