// "did you mean": the word that was most likely meant. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tallyman {

// The candidate that the user most likely meant; empty if none is similar.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace tallyman
