/* Counts the events that libyaml makes of files: the least work of a program that reads YAML with libyaml. */
#include <stdio.h>
#include <yaml.h>

static unsigned long count(const char *path)
{
	FILE *file = fopen(path, "rb");
	yaml_parser_t parser;
	yaml_event_t event;
	unsigned long events = 0;
	int done = 0;

	if (!file) {
		perror(path);
		return 0;
	}
	if (!yaml_parser_initialize(&parser)) {
		fclose(file);
		return 0;
	}
	yaml_parser_set_input_file(&parser, file);
	/* A file with a mistake ends there, as it does for kvmconf. */
	while (!done && yaml_parser_parse(&parser, &event)) {
		done = event.type == YAML_STREAM_END_EVENT;
		events++;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	fclose(file);
	return events;
}

int main(int argc, char **argv)
{
	unsigned long events = 0;
	int i;

	for (i = 1; i < argc; i++)
		events += count(argv[i]);
	printf("%lu events in %d files\n", events, argc - 1);
	return events == 0;
}
