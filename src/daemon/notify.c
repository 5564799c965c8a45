/* daemon/notify: see notify.h.  Own code, for 30 lines are no reason to load libsystemd. */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

#include "daemon/notify.h"

void
notify(const char *state)
{
	struct str name = str_of(getenv("NOTIFY_SOCKET"));
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t size;
	int fd;

	if (name.n < 2 || name.n >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, name.p, name.n);
	if (name.p[0] == '@') /* an abstract name: its length counts, not a terminator */
		a.sun_path[0] = '\0';
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.n);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&a, size);
	close(fd);
}

uint64_t
notify_watchdog_ms(void)
{
	uint64_t us;

	if (!str_to_u64(str_of(getenv("WATCHDOG_USEC")), UINT64_MAX, &us))
		return 0;
	return us / 1000;
}
