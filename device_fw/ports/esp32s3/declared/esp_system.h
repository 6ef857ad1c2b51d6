#ifndef DECLARED_ESP_SYSTEM_H
#define DECLARED_ESP_SYSTEM_H

void esp_restart(void) __attribute__((noreturn));

#endif
