#define _GNU_SOURCE /* O_CLOEXEC, MAP_NORESERVE */

#include "kvmload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

/* What KVM_SET_USER_MEMORY_REGION wants userspace_addr aligned to, where that is more than a page. */
#ifdef __s390x__
#define MEMORY_ALIGNMENT ((size_t)1 << 20)
#else
#define MEMORY_ALIGNMENT ((size_t)1)
#endif

/* The API's version has been this since Linux 2.6.22; Documentation/virt/kvm/api.rst, 4.1, says to refuse any other. */
#define API_VERSION 12

/* 0, or the errno of a call that returned `result`. */
static int answer(int result)
{
	return result < 0 ? errno : 0;
}

static void close_descriptor(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int kvmload_open(struct kvmload_session *session, const char *path)
{
	int version, error;
	uint32_t i;

	session->system = -1;
	session->vm = -1;
	session->mappings_used = 0;
	session->run_size = 0;
	for (i = 0; i < session->vcpu_slots; i++) {
		session->vcpus[i].fd = -1;
		session->vcpus[i].run = NULL;
	}
	for (i = 0; i < session->device_slots; i++)
		session->devices[i].fd = -1;

	session->system = open(path ? path : "/dev/kvm", O_RDWR | O_CLOEXEC);
	if (session->system < 0)
		return errno;
	version = ioctl(session->system, KVM_GET_API_VERSION, 0);
	error = version < 0 ? errno : version != API_VERSION ? EPROTO : 0;
	if (error)
		close_descriptor(&session->system);
	return error;
}

void kvmload_close(struct kvmload_session *session)
{
	const int saved = errno;
	uint32_t i;

	for (i = 0; i < session->device_slots; i++)
		close_descriptor(&session->devices[i].fd);
	for (i = 0; i < session->vcpu_slots; i++)
		close_descriptor(&session->vcpus[i].fd);
	close_descriptor(&session->vm);
	close_descriptor(&session->system);

	for (i = 0; i < session->mappings_used; i++)
		munmap(session->mappings[i].start, session->mappings[i].size);
	session->mappings_used = 0;
	for (i = 0; i < session->vcpu_slots; i++) {
		if (session->vcpus[i].run)
			munmap(session->vcpus[i].run, session->run_size);
		session->vcpus[i].run = NULL;
	}
	errno = saved;
}

/* The descriptor of a target that exists; else one of enum kvmload_not_made. */
static int descriptor(const struct kvmload_session *session, uint32_t target, uint32_t slot)
{
	int fd;

	switch (target) {
	case KVMLOAD_SYSTEM:
		fd = session->system;
		break;
	case KVMLOAD_VM:
		fd = session->vm;
		break;
	case KVMLOAD_VCPU:
		if (slot >= session->vcpu_slots)
			return KVMLOAD_BAD_STEP;
		fd = session->vcpus[slot].fd;
		break;
	case KVMLOAD_DEVICE:
		if (slot >= session->device_slots)
			return KVMLOAD_BAD_STEP;
		fd = session->devices[slot].fd;
		break;
	default:
		return KVMLOAD_BAD_STEP;
	}
	return fd < 0 ? KVMLOAD_EMPTY : fd;
}

static int create_vm(struct kvmload_session *session, const struct kvmload_step *step)
{
	if (session->system < 0)
		return KVMLOAD_EMPTY;
	if (session->vm >= 0)
		return KVMLOAD_BAD_STEP;
	session->vm = ioctl(session->system, KVM_CREATE_VM, (unsigned long)step->value);
	return answer(session->vm);
}

/* Maps `size` bytes, and more where they need an alignment. Returns 0 or the errno of mmap(). */
static int map_memory(struct kvmload_mapping *mapping, uint64_t size)
{
	if (size > SIZE_MAX - MEMORY_ALIGNMENT)
		return ENOMEM;
	mapping->size = (size_t)size + MEMORY_ALIGNMENT - 1;
	mapping->start = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return mapping->start == MAP_FAILED ? errno : 0;
}

static int add_memory(struct kvmload_session *session, const struct kvmload_step *step)
{
	struct kvm_userspace_memory_region region = {
		.slot = step->number,
		.guest_phys_addr = step->value,
		.memory_size = step->size,
	};
	struct kvmload_mapping *mapping;
	int error;

	if (session->vm < 0)
		return KVMLOAD_EMPTY;
	if (step->size == 0)
		return answer(ioctl(session->vm, KVM_SET_USER_MEMORY_REGION, &region));
	if (session->mappings_used >= session->mapping_slots)
		return KVMLOAD_BAD_STEP;

	mapping = &session->mappings[session->mappings_used];
	error = map_memory(mapping, step->size);
	if (error)
		return error;
	region.userspace_addr = ((uintptr_t)mapping->start + MEMORY_ALIGNMENT - 1) & ~(MEMORY_ALIGNMENT - 1);
	error = answer(ioctl(session->vm, KVM_SET_USER_MEMORY_REGION, &region));
	if (error)
		munmap(mapping->start, mapping->size);
	else
		session->mappings_used++;
	return error;
}

static int enable_capability(struct kvmload_session *session, const struct kvmload_step *step)
{
	struct kvm_enable_cap capability = {.cap = step->number, .flags = step->flags};
	const int fd = descriptor(session, step->target, step->slot);
	uint32_t i;

	if (fd < 0)
		return fd;
	for (i = 0; i < 4; i++) {
		int device;

		if (!(step->argument_devices & (UINT32_C(1) << i))) {
			capability.args[i] = step->arguments[i];
			continue;
		}
		if (step->arguments[i] >= session->device_slots)
			return KVMLOAD_BAD_STEP;
		device = descriptor(session, KVMLOAD_DEVICE, (uint32_t)step->arguments[i]);
		if (device < 0)
			return device;
		capability.args[i] = (unsigned int)device;
	}
	return answer(ioctl(fd, KVM_ENABLE_CAP, &capability));
}

static int create_irqchip(struct kvmload_session *session)
{
	if (session->vm < 0)
		return KVMLOAD_EMPTY;
	return answer(ioctl(session->vm, KVM_CREATE_IRQCHIP, 0));
}

static int create_vcpu(struct kvmload_session *session, const struct kvmload_step *step)
{
	struct kvmload_vcpu *vcpu;

	if (step->slot >= session->vcpu_slots)
		return KVMLOAD_BAD_STEP;
	vcpu = &session->vcpus[step->slot];
	if (vcpu->fd >= 0)
		return KVMLOAD_BAD_STEP;
	if (session->vm < 0)
		return KVMLOAD_EMPTY;
	vcpu->fd = ioctl(session->vm, KVM_CREATE_VCPU, (unsigned long)step->value);
	return answer(vcpu->fd);
}

#ifdef __aarch64__
static int init_vcpu(struct kvmload_session *session, const struct kvmload_step *step, const void *payload)
{
	const int fd = descriptor(session, KVMLOAD_VCPU, step->slot);
	struct kvm_vcpu_init init;
	uint64_t i;
	int error;

	if (fd < 0)
		return fd;
	if (session->vm < 0)
		return KVMLOAD_EMPTY;
	memset(&init, 0, sizeof(init));
	error = answer(ioctl(session->vm, KVM_ARM_PREFERRED_TARGET, &init));
	if (error)
		return error;
	memset(init.features, 0, sizeof(init.features));
	init.features[0] = (uint32_t)step->value;
	init.features[1] = (uint32_t)(step->value >> 32);
	error = answer(ioctl(fd, KVM_ARM_VCPU_INIT, &init));
	for (i = 0; !error && i < step->size / sizeof(int32_t); i++) {
		int feature;

		memcpy(&feature, (const char *)payload + i * sizeof(int32_t), sizeof(feature));
		error = answer(ioctl(fd, KVM_ARM_VCPU_FINALIZE, &feature));
	}
	return error;
}
#else
static int init_vcpu(struct kvmload_session *session, const struct kvmload_step *step, const void *payload)
{
	const int fd = descriptor(session, KVMLOAD_VCPU, step->slot);

	(void)payload;
	return fd < 0 ? fd : 0;
}
#endif

static int create_device(struct kvmload_session *session, const struct kvmload_step *step)
{
	struct kvm_create_device create = {.type = step->number, .fd = (uint32_t)-1, .flags = step->flags};
	struct kvmload_device *device;
	int error;

	if (step->slot >= session->device_slots)
		return KVMLOAD_BAD_STEP;
	device = &session->devices[step->slot];
	if (device->fd >= 0)
		return KVMLOAD_BAD_STEP;
	if (session->vm < 0)
		return KVMLOAD_EMPTY;
	error = answer(ioctl(session->vm, KVM_CREATE_DEVICE, &create));
	/* A test makes nothing, whatever stands in fd. */
	if (!error && !(create.flags & KVM_CREATE_DEVICE_TEST))
		device->fd = (int)create.fd;
	return error;
}

static int test_device(struct kvmload_session *session, const struct kvmload_step *step)
{
	struct kvm_create_device create = {
		.type = step->number,
		.fd = (uint32_t)-1,
		.flags = step->flags | KVM_CREATE_DEVICE_TEST,
	};

	if (session->vm < 0)
		return KVMLOAD_EMPTY;
	return answer(ioctl(session->vm, KVM_CREATE_DEVICE, &create));
}

static int close_device(struct kvmload_session *session, const struct kvmload_step *step)
{
	const int fd = descriptor(session, KVMLOAD_DEVICE, step->slot);

	if (fd < 0)
		return fd;
	/* Linux closes the descriptor even where close() fails. */
	session->devices[step->slot].fd = -1;
	return answer(close(fd));
}

static int attribute(struct kvmload_session *session, const struct kvmload_step *step, unsigned long request,
		     void *payload)
{
	struct kvm_device_attr attr = {.flags = step->flags, .group = step->number, .attr = step->value};
	const int fd = descriptor(session, step->target, step->slot);

	switch (step->data) {
	case KVMLOAD_NO_DATA:
		break;
	case KVMLOAD_BYTES:
		attr.addr = (uintptr_t)payload;
		break;
	case KVMLOAD_INVALID_POINTER:
		attr.addr = KVMLOAD_INVALID_ADDRESS;
		break;
	default:
		return KVMLOAD_BAD_STEP;
	}
	return fd < 0 ? fd : answer(ioctl(fd, request, &attr));
}

/* Maps the vCPU's struct kvm_run where it is not mapped yet. Returns 0 or an errno. */
static int map_run(struct kvmload_session *session, struct kvmload_vcpu *vcpu)
{
	void *run;
	int size;

	if (vcpu->run)
		return 0;
	size = ioctl(session->system, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < 0)
		return errno;
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (run == MAP_FAILED)
		return errno;
	session->run_size = (size_t)size;
	vcpu->run = run;
	return 0;
}

static int run_vcpu(struct kvmload_session *session, const struct kvmload_step *step)
{
	const int fd = descriptor(session, KVMLOAD_VCPU, step->slot);
	struct kvm_run *run;
	uint8_t immediate_exit;
	int error;

	if (fd < 0)
		return fd;
	error = map_run(session, &session->vcpus[step->slot]);
	if (error)
		return error;
	run = session->vcpus[step->slot].run;
	immediate_exit = run->immediate_exit;
	run->immediate_exit = 1;
	error = answer(ioctl(fd, KVM_RUN, 0));
	run->immediate_exit = immediate_exit;
	return error == EINTR ? 0 : error;
}

int kvmload_perform(struct kvmload_session *session, const struct kvmload_step *step, void *payload)
{
	switch (step->operation) {
	case KVMLOAD_CREATE_VM:
		return create_vm(session, step);
	case KVMLOAD_ADD_MEMORY:
		return add_memory(session, step);
	case KVMLOAD_ENABLE_CAPABILITY:
		return enable_capability(session, step);
	case KVMLOAD_CREATE_IRQCHIP:
		return create_irqchip(session);
	case KVMLOAD_CREATE_VCPU:
		return create_vcpu(session, step);
	case KVMLOAD_INIT_VCPU:
		return init_vcpu(session, step, payload);
	case KVMLOAD_CREATE_DEVICE:
		return create_device(session, step);
	case KVMLOAD_TEST_DEVICE:
		return test_device(session, step);
	case KVMLOAD_CLOSE_DEVICE:
		return close_device(session, step);
	case KVMLOAD_SET_ATTRIBUTE:
		return attribute(session, step, KVM_SET_DEVICE_ATTR, payload);
	case KVMLOAD_GET_ATTRIBUTE:
		return attribute(session, step, KVM_GET_DEVICE_ATTR, payload);
	case KVMLOAD_HAS_ATTRIBUTE:
		return attribute(session, step, KVM_HAS_DEVICE_ATTR, payload);
	case KVMLOAD_RUN_VCPU:
		return run_vcpu(session, step);
	default:
		return KVMLOAD_BAD_STEP;
	}
}
