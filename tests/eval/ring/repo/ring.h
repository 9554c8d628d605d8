#ifndef RING_H
#define RING_H

#define RING_SIZE 8

void ring_put(int value);
int ring_last(void);

#endif
