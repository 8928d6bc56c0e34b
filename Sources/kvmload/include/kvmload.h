/* kvmload: makes the calls that configure the in-kernel devices of a KVM virtual machine.
 *
 * A step is one call, written down as numbers; a session owns the descriptors and the memory that steps make. kvmload
 * allocates nothing, keeps no globals, starts no threads, needs nothing but libc, and decides nothing: what a step
 * means, which answers are good ones and whether to try again is the caller's business.
 *
 * A KVM descriptor works only in the process that created the VM, so a session must not be used after fork().
 * Different sessions can be used by different threads; one session by one thread at a time.
 */
#ifndef KVMLOAD_H
#define KVMLOAD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a step does. The numbers are fixed. Behind each: the fields of the step that it reads. */
enum kvmload_operation {
	/* KVM_CREATE_VM: `value` is the machine type. */
	KVMLOAD_CREATE_VM = 1,
	/* KVM_SET_USER_MEMORY_REGION of fresh anonymous memory, not reserved (a failing mmap() is the answer, too):
	 * `number` is the memory slot, `value` the guest physical address and `size` the size in bytes. A size of 0
	 * maps nothing: it asks the kernel to delete the slot. */
	KVMLOAD_ADD_MEMORY = 2,
	/* KVM_ENABLE_CAP on `target` (the VM or a vCPU): `number` is the capability, then `flags`, `arguments` and
	 * `argument_devices`. */
	KVMLOAD_ENABLE_CAPABILITY = 3,
	/* KVM_CREATE_IRQCHIP. */
	KVMLOAD_CREATE_IRQCHIP = 4,
	/* KVM_CREATE_VCPU: `value` is the vCPU's id, `slot` the vCPU slot that it fills. */
	KVMLOAD_CREATE_VCPU = 5,
	/* The architecture's initialisation of the vCPU in `slot`. arm64: KVM_ARM_PREFERRED_TARGET, KVM_ARM_VCPU_INIT
	 * with the features whose bits are set in `value`, then KVM_ARM_VCPU_FINALIZE for each int32_t of the payload;
	 * the first refusal is the answer. Elsewhere: no call, and success. */
	KVMLOAD_INIT_VCPU = 6,
	/* KVM_CREATE_DEVICE: `number` is the type, then `flags`; `slot` is the device slot that it fills. */
	KVMLOAD_CREATE_DEVICE = 7,
	/* KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST: `number` is the type, then `flags`. Fills no slot. */
	KVMLOAD_TEST_DEVICE = 8,
	/* close() of the device in `slot`, which is empty then. */
	KVMLOAD_CLOSE_DEVICE = 9,
	/* KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR, KVM_HAS_DEVICE_ATTR on `target`: `number` is the group, `value` the
	 * attr field, then `flags` and `data`. A get overwrites the payload. */
	KVMLOAD_SET_ATTRIBUTE = 10,
	KVMLOAD_GET_ATTRIBUTE = 11,
	KVMLOAD_HAS_ATTRIBUTE = 12,
	/* KVM_RUN of the vCPU in `slot` with immediate_exit set. EINTR, the proof that every check before the guest
	 * passed, is success. No instruction of the guest runs. */
	KVMLOAD_RUN_VCPU = 13,
};

/* The descriptor that a call is made on. */
enum kvmload_target {
	KVMLOAD_SYSTEM = 0, /* /dev/kvm */
	KVMLOAD_VM = 1,
	KVMLOAD_VCPU = 2, /* the vCPU in the step's slot */
	KVMLOAD_DEVICE = 3, /* the device in the step's slot */
};

/* What the addr field of a struct kvm_device_attr leads to. */
enum kvmload_data {
	KVMLOAD_NO_DATA = 0, /* a null pointer */
	KVMLOAD_BYTES = 1, /* the payload */
	KVMLOAD_INVALID_POINTER = 2, /* KVMLOAD_INVALID_ADDRESS */
};

/* An address where no process can have memory: the last 4096 bytes of the address space. The kernel keeps them free on
 * every architecture, as it returns its error numbers as pointers into them. Copying from or to it gives EFAULT. */
#define KVMLOAD_INVALID_ADDRESS UINT64_C(0xfffffffffffff000)

/* One call. Fields that the operation does not read must be 0. */
struct kvmload_step {
	uint32_t operation; /* enum kvmload_operation */
	uint32_t target; /* enum kvmload_target */
	uint32_t slot; /* the vCPU or device slot that the call uses or fills, from 0 */
	uint32_t number; /* memory slot, capability, device type or attribute group */
	uint32_t flags; /* the flags field of the call's struct, where it has one */
	uint32_t data; /* enum kvmload_data */
	uint64_t value; /* machine type, address, vCPU id, features or attr */
	uint64_t size; /* bytes: of the payload, or of the memory */
	uint64_t arguments[4]; /* a capability's */
	uint32_t argument_devices; /* bit N: arguments[N] is a device slot, whose descriptor is passed instead */
	uint32_t reserved;
};

/* A vCPU: its descriptor, or -1, and its mapped struct kvm_run, or NULL until the first run. */
struct kvmload_vcpu {
	int fd;
	void *run;
};

/* A device: its descriptor, or -1. */
struct kvmload_device {
	int fd;
};

/* Memory of the guest's, as mapped here. */
struct kvmload_mapping {
	void *start;
	size_t size;
};

/* One VM with its vCPUs, devices and memory, as descriptors and mappings of this process.
 *
 * The caller owns the three arrays, sets them and their sizes before kvmload_open(), and keeps them until after
 * kvmload_close(). There must be a vCPU slot for each create-vcpu step, a device slot for each create-device step and
 * a mapping for each add-memory step. The rest is kvmload's; it may be read.
 */
struct kvmload_session {
	struct kvmload_vcpu *vcpus;
	struct kvmload_device *devices;
	struct kvmload_mapping *mappings;
	uint32_t vcpu_slots;
	uint32_t device_slots;
	uint32_t mapping_slots;

	uint32_t mappings_used;
	int system; /* /dev/kvm, or -1 */
	int vm; /* or -1 */
	size_t run_size; /* of struct kvm_run as mapped, in bytes; 0 until the first run */
};

/* What kvmload_perform() returns for a call that it did not make. */
enum kvmload_not_made {
	/* The VM, or the vCPU or device in a slot, was not created, or is closed. */
	KVMLOAD_EMPTY = -1,
	/* No such operation, target, data or slot; a slot that is full already; or no free mapping. */
	KVMLOAD_BAD_STEP = -2,
};

/* Opens /dev/kvm, or the file at `path` where that is not NULL, and empties every slot.
 *
 * The session's arrays and their sizes must be set. Returns 0; the errno of open(); what KVM_GET_API_VERSION answered
 * (ENOTTY where the file is no KVM); or EPROTO where the API is not version 12. After a failure the session is closed.
 */
int kvmload_open(struct kvmload_session *session, const char *path);

/* Makes the call of one step.
 *
 * `payload` leads to exactly step->size bytes where the step has a payload (data is KVMLOAD_BYTES, or the operation is
 * KVMLOAD_INIT_VCPU and the size is not 0), and is not looked at otherwise. Descriptors that belong into it are in it
 * already. How much of it the kernel reads or, for a get, writes is up to the attribute and not limited by
 * step->size: a payload that may be too short needs memory behind it that nobody uses, or none at all.
 *
 * Returns 0; the errno that the kernel answered; or, where no call was made, one of enum kvmload_not_made.
 */
int kvmload_perform(struct kvmload_session *session, const struct kvmload_step *step, void *payload);

/* Closes the devices, the vCPUs, the VM and /dev/kvm, then unmaps the guest's memory and each struct kvm_run.
 *
 * Every slot is empty then. Closing a session that is closed does nothing. errno keeps its value.
 */
void kvmload_close(struct kvmload_session *session);

#ifdef __cplusplus
}
#endif

#endif
