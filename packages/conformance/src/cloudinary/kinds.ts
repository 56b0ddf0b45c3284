export type ResourceType = "image" | "video" | "raw";
export type DeliveryType = "upload" | "private" | "authenticated";

export const RESOURCE_TYPES: readonly ResourceType[] = ["image", "video", "raw"];
export const DELIVERY_TYPES: readonly DeliveryType[] = ["upload", "private", "authenticated"];
