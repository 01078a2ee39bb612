// Answers from the history as JSON and CSV (docs/api.md). Pure; thread-safe.
#pragma once

#include "collectors/model/history_fields.h"

#include <string>

namespace tallyman {

// {"from":..,"to":..,"step":..,"series":[{"workload":..,"metric":..,"unit":..,"points":[[t,v],..]}]}
std::string series_json(const HistoryAnswer& answer);
// One line per point: time,workload,metric,unit,value; with a header line; RFC 4180.
std::string series_csv(const HistoryAnswer& answer);
// {"fields":[{"metric":..,"kind":"rate|count|gauge","unit":..,"help":..,"live":..}]}
std::string fields_json();

// As many digits as a chart can show: whole numbers above a million, otherwise at most
// six decimals. JSON has no NaN and no infinity, so they become null.
void append_figure(std::string& out, double value);
// Seconds since the epoch, to the millisecond.
void append_time(std::string& out, double seconds);

}  // namespace tallyman
