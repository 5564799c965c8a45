/* net/stream: see stream.h. */
#include "net/stream.h"
#include "net/loop_private.h"

void
streams_drop(struct loop *l)
{
}
