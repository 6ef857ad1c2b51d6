/* Stand-ins for the drivers that NVS, partitions and I2C are: texts from Python, flash in memory, a chip of registers.
 */
#include <string.h>

#include "driver/i2c_master.h"
#include "esp_partition.h"
#include "freertos/task.h"
#include "i2c_imu.h"
#include "net.h"
#include "nvs.h"
#include "nvs_flash.h"
#include "partition_area.h"
#include "provision.h"

/* NVS: Python answers with a text or null. */
typedef const char *(*text_function)(const char *key);
static text_function text_of;
static uint32_t seed;
static int nvs_is_there;

esp_err_t nvs_flash_init(void) { return ESP_OK; }
esp_err_t nvs_open(const char *name, nvs_open_mode_t mode, nvs_handle_t *handle) {
    *handle = 7;
    return nvs_is_there && mode == NVS_READONLY && strcmp(name, "tinyfl") == 0 ? ESP_OK : ESP_ERR_NVS_NOT_FOUND;
}
void nvs_close(nvs_handle_t handle) { nvs_is_there += handle == 7; }
esp_err_t nvs_get_u32(nvs_handle_t handle, const char *key, uint32_t *value) {
    *value = seed;
    return handle == 7 && strcmp(key, "seed") == 0 ? ESP_OK : ESP_ERR_NVS_NOT_FOUND;
}
esp_err_t nvs_get_str(nvs_handle_t handle, const char *key, char *to, size_t *length) {
    const char *text = handle == 7 ? text_of(key) : NULL;
    if (text == NULL) {
        return ESP_ERR_NVS_NOT_FOUND;
    }
    if (strlen(text) >= *length) {
        return ESP_ERR_NVS_INVALID_LENGTH;
    }
    *length = strlen(text) + 1;
    memcpy(to, text, *length);
    return ESP_OK;
}

int read_provision(text_function texts, uint32_t its_seed, int there, provision *to) {
    text_of = texts;
    seed = its_seed;
    nvs_is_there = there;
    return provision_read(to);
}
uint32_t provision_bytes(void) { return sizeof(provision); }

/* Partitions: one, whose memory is Python's. */
static esp_partition_t only = {.erase_size = 4096, .label = "state"};
static uint8_t *memory;

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char *label) {
    const int asked = type == ESP_PARTITION_TYPE_DATA && subtype == ESP_PARTITION_SUBTYPE_ANY;
    return asked && strcmp(label, only.label) == 0 ? &only : NULL;
}
static int inside(size_t at, size_t n) { return at <= only.size && n <= only.size - at; }
esp_err_t esp_partition_read(const esp_partition_t *partition, size_t at, void *to, size_t n) {
    if (partition != &only || !inside(at, n)) {
        return -1;
    }
    memcpy(to, memory + at, n);
    return ESP_OK;
}
esp_err_t esp_partition_write(const esp_partition_t *partition, size_t at, const void *from, size_t n) {
    if (partition != &only || !inside(at, n)) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        memory[at + i] &= ((const uint8_t *)from)[i]; /* as NOR does */
    }
    return ESP_OK;
}
esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t at, size_t n) {
    if (partition != &only || !inside(at, n) || at % 4096 != 0 || n % 4096 != 0) {
        return -1;
    }
    memset(memory + at, 0xff, n);
    return ESP_OK;
}
esp_err_t esp_partition_mmap(const esp_partition_t *partition, size_t offset, size_t size,
                             esp_partition_mmap_memory_t kind, const void **to, esp_partition_mmap_handle_t *handle) {
    *to = memory + offset;
    *handle = 1;
    return partition == &only && kind == ESP_PARTITION_MMAP_DATA && inside(offset, size) ? ESP_OK : -1;
}

static flash_area area;
int area_open(uint8_t *bytes, uint32_t size, const char *label) {
    memory = bytes;
    only.size = size;
    const int status = partition_area(&area, label);
    return status < 0 ? status : (int)(area.bytes / area.sector_bytes);
}
int area_read(uint32_t at, void *to, uint32_t n) { return area.read(area.ctx, at, to, n); }
int area_write(uint32_t at, const void *from, uint32_t n) { return area.write(area.ctx, at, from, n); }
int area_erase(uint32_t sector) { return area.erase(area.ctx, sector); }
int windows_in(const char *label) {
    tfr_recordings recordings;
    const int status = partition_recordings(&recordings, label, &tf_model_net);
    return status < 0 ? status : (int)recordings.first[TFR_SETS];
}

/* I2C: a chip whose registers are Python's; what is written to it is kept in order. */
static uint8_t registers[128], written[64];
static uint32_t writes;
static int answers;

esp_err_t i2c_new_master_bus(const i2c_master_bus_config_t *config, i2c_master_bus_handle_t *bus) {
    *bus = NULL;
    return config->flags.enable_internal_pullup && config->sda_io_num != config->scl_io_num ? ESP_OK : -1;
}
esp_err_t i2c_master_bus_add_device(i2c_master_bus_handle_t bus, const i2c_device_config_t *config,
                                    i2c_master_dev_handle_t *device) {
    *device = NULL;
    return bus == NULL && config->device_address == 0x68 && config->scl_speed_hz == 400000 ? ESP_OK : -1;
}
esp_err_t i2c_master_transmit(i2c_master_dev_handle_t device, const uint8_t *bytes, size_t n, int ms) {
    if (device != NULL || n != 2 || ms < 1 || !answers || writes + 2 > sizeof written) {
        return -1;
    }
    memcpy(written + writes, bytes, n);
    writes += 2;
    return ESP_OK;
}
esp_err_t i2c_master_transmit_receive(i2c_master_dev_handle_t device, const uint8_t *reg, size_t one, uint8_t *to,
                                      size_t n, int ms) {
    if (device != NULL || one != 1 || *reg + n > sizeof registers || ms < 1 || !answers) {
        return -1;
    }
    memcpy(to, registers + *reg, n);
    return ESP_OK;
}
void vTaskDelay(const TickType_t ticks) { (void)ticks; }

static i2c_imu imu;
int imu_begin(int mpu, const uint8_t *contents, int present) {
    memcpy(registers, contents, sizeof registers);
    writes = 0;
    answers = present;
    imu.chip = mpu ? &imu_mpu6050 : &imu_icm42688;
    const tf_sensor sensor = i2c_imu_sensor(&imu);
    return sensor.channels == IMU_CHANNELS ? sensor.begin(sensor.ctx) : -1;
}
int imu_sample(float *values) {
    const tf_sensor sensor = i2c_imu_sensor(&imu);
    return sensor.sample(sensor.ctx, values);
}
uint32_t imu_written(uint8_t *to) {
    memcpy(to, written, writes);
    return writes;
}
