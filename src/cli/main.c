/* main: the command mxward. */
#include <stdio.h>

int
main(void)
{
	puts("mxward " MXWARD_VERSION);
	return 0;
}
