/* replay_main: run a fuzz target over the files of a folder, for compilers without libFuzzer.
 * An empty or missing folder is a failure: a replay of nothing would always pass. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return perror(path), -1;
	static uint8_t data[1 << 20];
	size_t n = fread(data, 1, sizeof(data), f);
	fclose(f);
	/* An exact copy on the heap, so that ASan sees one byte too many. */
	uint8_t *copy = malloc(n ? n : 1);
	if (!copy)
		return -1;
	for (size_t i = 0; i < n; i++)
		copy[i] = data[i];
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return 0;
}

int
main(int argc, char **argv)
{
	int runs = 0;

	if (argc != 2)
		return fprintf(stderr, "usage: %s CORPUS_DIR\n", argv[0]), 64;
	DIR *dir = opendir(argv[1]);
	if (!dir)
		return perror(argv[1]), 66;
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		char path[4096];
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		if (replay(path) != 0)
			return 66;
		runs++;
	}
	closedir(dir);
	printf("%d inputs\n", runs);
	return runs ? 0 : 1;
}
