// The test framework beside what the libraries precompile.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/cmake/pch.hpp"
