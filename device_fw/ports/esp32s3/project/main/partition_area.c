#include "partition_area.h"

#include "esp_partition.h"

static int code(esp_err_t error) { return error == ESP_OK ? TF_OK : TF_ERR_IO; }

static int area_read(void *ctx, uint32_t at, void *to, uint32_t n) { return code(esp_partition_read(ctx, at, to, n)); }

static int area_write(void *ctx, uint32_t at, const void *from, uint32_t n) {
    return code(esp_partition_write(ctx, at, from, n));
}

static int area_erase(void *ctx, uint32_t sector) {
    const esp_partition_t *partition = ctx;
    return code(esp_partition_erase_range(partition, sector * partition->erase_size, partition->erase_size));
}

static const esp_partition_t *find(const char *label) {
    return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, label);
}

int partition_area(flash_area *area, const char *label) {
    const esp_partition_t *partition = find(label);
    if (partition == NULL) {
        return TF_ERR_EMPTY;
    }
    *area = (flash_area){
        .ctx = (void *)(uintptr_t)partition, /* stays what it is: the functions above take it as const */
        .bytes = partition->size,
        .sector_bytes = partition->erase_size,
        .read = area_read,
        .write = area_write,
        .erase = area_erase,
    };
    return TF_OK;
}

int partition_recordings(tfr_recordings *recordings, const char *label, const tf_model *model) {
    const esp_partition_t *partition = find(label);
    const void *bytes = NULL;
    esp_partition_mmap_handle_t handle; /* mapped for as long as the program runs */
    if (partition == NULL) {
        return TF_ERR_EMPTY;
    }
    if (esp_partition_mmap(partition, 0, partition->size, ESP_PARTITION_MMAP_DATA, &bytes, &handle) != ESP_OK) {
        return TF_ERR_IO;
    }
    const size_t size = tfr_bytes(bytes, partition->size);
    return size > 0 && tfr_open(recordings, bytes, size, model) == NULL ? TF_OK : TF_ERR_EMPTY;
}
