#ifndef TF_PAIR_GROUP_H
#define TF_PAIR_GROUP_H

/*
 * One group of two pairs (tf_pair.h), at r1 and r2: 16 products by 8 SMLADs and two loads of four words each. Sums in
 * r0, r3, r12, lr; uses r4 to r11.
 */
#define TF_PAIR_GROUP                                                                                                  \
    "ldmia.w r1!, {r4-r7}\n\t"                                                                                         \
    "ldmia.w r2!, {r8-r11}\n\t"                                                                                        \
    "smlad r0, r4, r8, r0\n\t"                                                                                         \
    "smlad r3, r4, r10, r3\n\t"                                                                                        \
    "smlad r12, r6, r8, r12\n\t"                                                                                       \
    "smlad lr, r6, r10, lr\n\t"                                                                                        \
    "smlad r0, r5, r9, r0\n\t"                                                                                         \
    "smlad r3, r5, r11, r3\n\t"                                                                                        \
    "smlad r12, r7, r9, r12\n\t"                                                                                       \
    "smlad lr, r7, r11, lr\n\t"

/*
 * All groups, four in a round: 43 instructions for 64 products. This takes every register there is, so the end of the
 * pair at r2 is at [sp]. Where the groups are no multiple of four, the first round enters in its middle.
 */
#define TF_PAIR_GROUPS                                                                                                 \
    ".balign 4\n"                                                                                                      \
    "1:\n\t" TF_PAIR_GROUP TF_PAIR_GROUP TF_PAIR_GROUP TF_PAIR_GROUP "ldr r4, [sp]\n\t"                                \
    "cmp r2, r4\n\t"                                                                                                   \
    "bne 1b\n\t"

/* r4 = where to enter label 1 for r0 groups, as an address to branch to: 40 bytes further for each that is missing. */
#define TF_PAIR_ENTRY                                                                                                  \
    "rsb r0, r0, #0\n\t"                                                                                               \
    "and r0, r0, #3\n\t"                                                                                               \
    "add r0, r0, r0, lsl #2\n\t"                                                                                       \
    "adr r4, 1f\n\t"                                                                                                   \
    "add r4, r4, r0, lsl #3\n\t"                                                                                       \
    "orr r4, r4, #1\n\t"

#endif
