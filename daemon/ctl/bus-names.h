/* What srvpubd and srvpubctl call each other, and the types of what goes between them. */
#pragma once

#define BUS_NAME "org.srvpubd1"
#define BUS_PATH "/org/srvpubd1"
#define BUS_INTERFACE "org.srvpubd1.Manager"

#define BUS_PUBLICATION_TYPES "ssasssbtssstsuuas"
#define BUS_PLAN_TYPES "bsssssssb"
