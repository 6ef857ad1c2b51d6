#ifndef DECLARED_ESP_LOG_H
#define DECLARED_ESP_LOG_H

/* The macros' types alone: what IDF does with them it decides by its configuration. */
void declared_log(const char *tag, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define ESP_LOGE(tag, ...) declared_log(tag, __VA_ARGS__)
#define ESP_LOGW(tag, ...) declared_log(tag, __VA_ARGS__)
#define ESP_LOGI(tag, ...) declared_log(tag, __VA_ARGS__)

#endif
