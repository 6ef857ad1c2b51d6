/*
 * A plugin for QEMU that counts executed instructions from the address "from" to the next visit of the address "to" and
 * prints each count. QEMU's header is in no package: what is used of it is declared here, as version 1 of its
 * interface has it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { NO_REGISTERS = 0, ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*translated)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*executed)(unsigned int, void *),
                                            int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation, void *counter,
                                                uint64_t amount);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t executed, started, from, to;
static int counting;

static void at_from(unsigned int cpu, void *data) {
    (void)cpu, (void)data;
    if (!counting) {
        started = executed;
        counting = 1;
    }
}

static void at_to(unsigned int cpu, void *data) {
    (void)cpu, (void)data;
    if (counting) {
        fprintf(stderr, "%llu\n", (unsigned long long)(executed - started));
        counting = 0;
    }
}

static void translated(plugin_id id, struct qemu_plugin_tb *block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        const uint64_t address = qemu_plugin_insn_vaddr(insn);
        if (address == from) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_from, NO_REGISTERS, 0);
        }
        if (address == to) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, at_to, NO_REGISTERS, 0);
        }
        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &executed, 1);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int count,
                                                               char **words) {
    (void)info;
    for (int i = 0; i < count; i++) {
        if (strncmp(words[i], "from=", 5) == 0) {
            from = strtoull(words[i] + 5, 0, 0);
        }
        if (strncmp(words[i], "to=", 3) == 0) {
            to = strtoull(words[i] + 3, 0, 0);
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
