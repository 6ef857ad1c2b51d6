/* Runs a target on files, where there is no libFuzzer. */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    return 0;
}

int main(int argc, char **argv) {
    static uint8_t read[1 << 16];
    LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL) {
            perror(argv[i]);
            return 1;
        }
        const size_t n = fread(read, 1, sizeof read, file);
        fclose(file);
        uint8_t *data = malloc(n); /* of its exact size, so that a byte too far is seen */
        if (data == NULL) {
            return 1;
        }
        for (size_t k = 0; k < n; k++) {
            data[k] = read[k];
        }
        LLVMFuzzerTestOneInput(data, n);
        free(data);
    }
    printf("%d inputs\n", argc - 1);
    return 0;
}
