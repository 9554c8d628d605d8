#include <stdio.h>

/* Counts the words on standard input. */
int main(void) {
    int c, words = 1;
    while ((c = getchar()) != EOF)
        if (c == ' ')
            words++;
    printf("%d\n", words);
    return 0;
}
