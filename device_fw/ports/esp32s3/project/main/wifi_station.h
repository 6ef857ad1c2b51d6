#ifndef WIFI_STATION_H
#define WIFI_STATION_H

/*
 * Joins a network and joins it again whenever it was lost, in the background. ssid: 1 .. 32 bytes; password: empty or
 * 8 .. 63, and then WPA2 or better is asked for. Needs NVS. TF_ERR_ARGUMENT; TF_ERR_IO: the driver does not start.
 */
int wifi_station_start(const char *ssid, const char *password);

#endif
