import DevicePlan

extension Draft {
  /// An operation with the slots that its devices have in the plan.
  func renumbered(_ operation: DevicePlan.Operation) -> DevicePlan.Operation {
    operation.mappingDevices { finalSlot.indices.contains($0) ? finalSlot[$0] : $0 }
  }
}
