/// The version of kvmconf itself.
package let kvmconfVersion = "0.1.0"
