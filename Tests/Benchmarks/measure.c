/* measure SECONDS GIB COMMAND...: runs a command without output and prints its exit status, its processor time and
 * elapsed time in seconds, and its peak memory in KiB. The command may use SECONDS of processor time and GIB of memory. If
 * a signal ends it, its status is -1.
 *
 * It is a program of its own because a process inherits the peak memory of the process that starts it. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static void set_limit(int resource, rlim_t value)
{
	struct rlimit limit = {.rlim_cur = value, .rlim_max = value};

	setrlimit(resource, &limit);
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	double start;
	int error, status;
	pid_t child;

	if (argc < 4)
		return 64;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	/* The command inherits the limits. */
	set_limit(RLIMIT_CPU, strtoul(argv[1], NULL, 10));
	set_limit(RLIMIT_DATA, (rlim_t)strtoul(argv[2], NULL, 10) << 30);
	start = now();
	error = posix_spawnp(&child, argv[3], &actions, NULL, argv + 3, environ);
	if (error) {
		fprintf(stderr, "%s: %s\n", argv[3], strerror(error));
		return 1;
	}
	if (wait4(child, &status, 0, &usage) < 0) {
		perror("wait4");
		return 1;
	}
	printf("%d %.6f %.6f %ld\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
	       seconds(usage.ru_utime) + seconds(usage.ru_stime), now() - start, usage.ru_maxrss);
	return 0;
}
