/** The kind of an asset, in Cloudinary's classification. */
export type ResourceType = "image" | "video" | "raw";
/** The delivery type: the part of a delivery URL that says who may read an asset. */
export type DeliveryType = "upload" | "private" | "authenticated";

export const RESOURCE_TYPES: readonly ResourceType[] = ["image", "video", "raw"];
export const DELIVERY_TYPES: readonly DeliveryType[] = ["upload", "private", "authenticated"];
