/* The first program of a test guest: loads KVM's modules, runs every plan on /dev/kvm, each in a separate process, and
 * powers the machine off. A manifest among the plans is passed to kvmconf. The reports are written to the first virtio
 * port, or to the device that the kernel's argument `report` names, in the format of `kvmload --json`. The line before each report names its plan, and the line after it has the
 * exit status of the process. */
#define _GNU_SOURCE

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* main() of kvmload, compiled under another name. */
int kvmload_main(int argc, char **argv);

/* In seconds; a plan that takes longer is stopped. */
enum { LONGEST_PLAN = 30 };

static void load_modules(void)
{
	char name[256], path[300];
	FILE *order = fopen("/modules/order", "r");

	if (!order)
		return;
	while (fgets(name, sizeof(name), order)) {
		int file;

		name[strcspn(name, "\n")] = '\0';
		snprintf(path, sizeof(path), "/modules/%s", name);
		file = open(path, O_RDONLY | O_CLOEXEC);
		if (file < 0 || syscall(SYS_finit_module, file, "", 0))
			fprintf(stderr, "guest: %s cannot be loaded: %m\n", name);
		if (file >= 0)
			close(file);
	}
	fclose(order);
}

/* On s390x, older kernels give page tables that KVM can use only to processes that start after this. The others do not have
 * the file. */
static void allow_kvm_page_tables(void)
{
	const int file = open("/proc/sys/vm/allocate_pgste", O_WRONLY | O_CLOEXEC);

	if (file < 0)
		return;
	if (write(file, "1", 1) != 1)
		fprintf(stderr, "guest: vm.allocate_pgste cannot be set: %m\n");
	close(file);
}

/* Binds QEMU's test device to VFIO, if both exist. */
static void give_device_to_vfio(void)
{
	const int file = open("/sys/bus/pci/drivers/vfio-pci/new_id", O_WRONLY | O_CLOEXEC);

	if (file < 0)
		return;
	if (write(file, "1b36 0005", 9) != 9)
		fprintf(stderr, "guest: vfio-pci does not take the test device: %m\n");
	close(file);
}

/* Prints the type of each PMU, a fact about the machine. */
static void print_pmus(void)
{
	glob_t found;
	size_t i;

	if (glob("/sys/bus/event_source/devices/*pmu*/type", 0, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++) {
		char type[16] = "";
		const int file = open(found.gl_pathv[i], O_RDONLY | O_CLOEXEC);

		if (file >= 0 && read(file, type, sizeof(type) - 1) > 0)
			fprintf(stderr, "guest: %s: %s", found.gl_pathv[i], type);
		if (file >= 0)
			close(file);
	}
	globfree(&found);
}

/* Opens a device, which appears when its driver has found it. Returns the descriptor, or -1. */
static int open_patiently(const char *path, int flags)
{
	int file, tries;

	for (tries = 0; tries < 500; tries++) {
		file = open(path, flags | O_CLOEXEC);
		if (file >= 0)
			return file;
		usleep(10 * 1000);
	}
	fprintf(stderr, "guest: %s: %m\n", path);
	return -1;
}

static int is_plan(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Never returns. */
static void become_kvmconf(char *path)
{
	execl("/kvmconf", "kvmconf", "apply", "--keep-going", "--format", "json", path, (char *)NULL);
	fprintf(stderr, "guest: /kvmconf: %m\n");
	_exit(127);
}

static void run_plan(const char *name)
{
	char path[512], program[] = "kvmload", keep_going[] = "--keep-going", json[] = "--json";
	char *arguments[] = {program, keep_going, json, path, NULL};
	const size_t length = strlen(name);
	int status = 0;
	pid_t child;

	snprintf(path, sizeof(path), "/plans/%s", name);
	printf("{\"plan\":\"%s\"}\n", name);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		alarm(LONGEST_PLAN);
		if (length > 5 && strcmp(name + length - 5, ".yaml") == 0)
			become_kvmconf(path);
		status = kvmload_main(4, arguments);
		fflush(stdout);
		_exit(status);
	}
	waitpid(child, &status, 0);
	printf("{\"ended\":\"%s\",\"status\":%d,\"signal\":%d}\n", name, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
	       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	fflush(stdout);
}

int main(void)
{
	/* Each vCPU needs a descriptor. */
	const struct rlimit descriptors = {.rlim_cur = 16384, .rlim_max = 16384};
	struct dirent **plans = NULL;
	struct termios terminal;
	const char *path;
	int count, i, port;

	/* The kernel may have mounted some of these already. */
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, "") && access("/dev/null", F_OK))
		fprintf(stderr, "guest: /dev: %m\n");
	if (mount("proc", "/proc", "proc", 0, "") || mount("sysfs", "/sys", "sysfs", 0, ""))
		fprintf(stderr, "guest: /proc or /sys: %m\n");
	if (setrlimit(RLIMIT_NOFILE, &descriptors))
		fprintf(stderr, "guest: descriptors: %m\n");
	allow_kvm_page_tables();
	load_modules();
	give_device_to_vfio();
	print_pmus();
	/* The kernel passes arguments that it does not know in the environment. */
	path = getenv("report");
	port = open_patiently(path ? path : "/dev/vport0p1", O_WRONLY | O_NOCTTY);
	if (port >= 0 && tcgetattr(port, &terminal) == 0) {
		cfmakeraw(&terminal);
		tcsetattr(port, TCSANOW, &terminal);
	}
	if (port >= 0 && dup2(port, STDOUT_FILENO) >= 0 && open_patiently("/dev/kvm", O_RDWR) >= 0) {
		count = scandir("/plans", &plans, is_plan, alphasort);
		for (i = 0; i < count; i++)
			run_plan(plans[i]->d_name);
		printf("{\"end\":%d}\n", count);
		fflush(stdout);
		fsync(STDOUT_FILENO);
		tcdrain(STDOUT_FILENO);
	}
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
