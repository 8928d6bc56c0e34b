import Diagnostics
import Expressions

/// An error in the evaluation of an expression: a fault of the schema, not of the manifest. Its words are in the
/// machine.
struct Fault: Error {}

extension Machine {
  /// Makes a fault with these words, after the names of the functions that the code is in.
  @inline(never)
  mutating func fault(_ message: String, at id: CodeID) -> Fault {
    let functions = program.calls.reversed().filter { $0.contains(id) }
    faultText = functions.map { "in \($0.function)(): " }.joined() + message
    return Fault()
  }

  /// Computes something that may not exist.
  mutating func checked<Result>(
    _ id: CodeID, _ body: () throws(Arithmetic.Problem) -> Result
  ) throws(Fault) -> Result {
    do throws(Arithmetic.Problem) { return try body() } catch { throw fault(error.message, at: id) }
  }

  /// The value of an expression of a rule. A fault ends the call. In a call that is being corrected, a rule may
  /// compute with something that does not exist; then the value is unknown.
  mutating func value(of id: ExpressionID) throws(Stop) -> Cell {
    do throws(Fault) {
      return try evaluate(program.roots[Int(id)])
    } catch {
      if ignoresRefusals && corrects { return .unknown }
      throw faulty(faultText, in: id)
    }
  }

  /// Ends the call with a fault of an expression.
  @inline(never)
  mutating func faulty(_ message: String, in id: ExpressionID) -> Stop {
    let expression = program.expressions[Int(id)]
    ending = .fault(.error("schema-evaluation", "'\(expression.text)': \(message)", at: expression.source))
    return .fault
  }
}
