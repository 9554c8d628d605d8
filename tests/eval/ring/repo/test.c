#include "ring.h"

int main(void) {
    for (int i = 0; i < 100; i++) {
        ring_put(i);
        if (ring_last() != i)
            return 1;
    }
    return 0;
}
